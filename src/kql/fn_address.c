/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fn_address.c - IP addresses and networks
 */
#include "kql/func.h"
#include "kql/sql.h"

/* ..._in_any_range(address, range, ...) or (address, array) */
static void in_any(struct sql *s, const struct bx *x, const char *one)
{
	sql_put(s, "arrayExists(r -> ifNull(");
	sql_printf(s, "%s(", one);
	sql_expr(s, x->args[0]);
	sql_put(s, ", r), false), ");
	if (x->count == 2 && x->args[1]->type == KQL_DYNAMIC) {
		sql_put(s, "arrayMap(e -> kql_text(e), kql_elements(");
		sql_expr_filled(s, x->args[1]);
		sql_put(s, ")))");
		return;
	}
	sql_put(s, "[");
	sql_list(s, x, 1);
	sql_put(s, "])");
}

static void emit_in_any4(struct sql *s, const struct bx *x)
{
	in_any(s, x, "kql_ip4_in");
}

static void emit_in_any6(struct sql *s, const struct bx *x)
{
	in_any(s, x, "kql_ip6_in");
}

/* clang-format off */
static const struct func items[] = {
	{ "parse_ipv4(ip: string) long?", "toInt64(toUInt32(kql_ip4_masked($1)))", "The address as a number." },
	{ "parse_ipv4_mask(ip: string, prefix: long) long?", "toInt64(kql_ip4_net($1, $2))", "The network's address as a number." },
	{ "format_ipv4(ip: string) string", "kql_ip4_text($1, 32)", "The address, without the bits beyond its prefix." },
	{ "format_ipv4(ip: string, prefix: long) string", "kql_ip4_text($1, $2)", "The network's address." },
	{ "format_ipv4(ip: long) string", "kql_ip4_text(IPv4NumToString(toUInt32($1)), 32)", "The number as an address." },
	{ "format_ipv4(ip: long, prefix: long) string", "kql_ip4_text(IPv4NumToString(toUInt32($1)), $2)", "The number as a network's address." },
	{ "format_ipv4_mask(ip: string) string", "kql_ip4_mask_text($1, 32)", "The address with its prefix." },
	{ "format_ipv4_mask(ip: string, prefix: long) string", "kql_ip4_mask_text($1, $2)", "The network's address with its prefix." },
	{ "format_ipv4_mask(ip: long) string", "kql_ip4_mask_text(IPv4NumToString(toUInt32($1)), 32)", "The number as an address with its prefix." },
	{ "format_ipv4_mask(ip: long, prefix: long) string", "kql_ip4_mask_text(IPv4NumToString(toUInt32($1)), $2)", "The number as a network with its prefix." },
	{ "ipv4_compare(a: string, b: string) long?", "kql_ip4_compare($1, $2, 32)", "-1, 0 or 1; bits beyond the shorter prefix do not count." },
	{ "ipv4_compare(a: string, b: string, prefix: long) long?", "kql_ip4_compare($1, $2, $3)", "-1, 0 or 1; bits beyond the shortest prefix do not count." },
	{ "ipv4_is_match(a: string, b: string) bool?", "(kql_ip4_compare($1, $2, 32) = 0)", "Whether both are of one network." },
	{ "ipv4_is_match(a: string, b: string, prefix: long) bool?", "(kql_ip4_compare($1, $2, $3) = 0)", "Whether both are of one network." },
	{ "ipv4_is_in_range(ip: string, range: string) bool?", "kql_ip4_in($1, $2)", "Whether the address is of the network." },
	{ "ipv4_is_in_any_range(ip: string, ranges: dynamic) bool!", NULL, "Whether the address is of one of the networks.", 0, emit_in_any4 },
	{ "ipv4_is_in_any_range(ip: string, range: string...) bool!", NULL, "Whether the address is of one of the networks.", 0, emit_in_any4 },
	{ "ipv4_is_private(ip: string) bool?", "kql_ip4_private($1)", "Whether the address is of a private network." },
	{ "ipv4_netmask_suffix(ip: string) long?", "if(isNull(kql_ip4($1)), NULL, toInt64(kql_ip4_prefix($1)))", "Length of the prefix." },
	{ "ipv4_range_to_cidr_list(start: string, end: string) dynamic?", "if(isNull(kql_ip4($1)) OR isNull(kql_ip4($2)), NULL, kql_array(kql_ip4_cidrs(toUInt64(assumeNotNull(toUInt32(kql_ip4($1)))), toUInt64(assumeNotNull(toUInt32(kql_ip4($2)))))))", "The fewest networks that cover all addresses from one to another." },
	{ "parse_ipv6(ip: string) string", "kql_ip6_text($1, 128)", "The address in full." },
	{ "parse_ipv6_mask(ip: string, prefix: long) string", "kql_ip6_text($1, $2)", "The network's address in full." },
	{ "ipv6_compare(a: string, b: string) long?", "kql_ip6_compare($1, $2, 128)", "-1, 0 or 1; bits beyond the shorter prefix do not count." },
	{ "ipv6_compare(a: string, b: string, prefix: long) long?", "kql_ip6_compare($1, $2, $3)", "-1, 0 or 1; bits beyond the shortest prefix do not count." },
	{ "ipv6_is_match(a: string, b: string) bool?", "(kql_ip6_compare($1, $2, 128) = 0)", "Whether both are of one network." },
	{ "ipv6_is_match(a: string, b: string, prefix: long) bool?", "(kql_ip6_compare($1, $2, $3) = 0)", "Whether both are of one network." },
	{ "ipv6_is_in_range(ip: string, range: string) bool?", "kql_ip6_in($1, $2)", "Whether the address is of the network." },
	{ "ipv6_is_in_any_range(ip: string, ranges: dynamic) bool!", NULL, "Whether the address is of one of the networks.", 0, emit_in_any6 },
	{ "ipv6_is_in_any_range(ip: string, range: string...) bool!", NULL, "Whether the address is of one of the networks.", 0, emit_in_any6 },
	{ "has_ipv4(text: string, ip: string) bool!", "kql_has_ip4($1, $2)", "Whether the address stands in the text." },
	{ "has_ipv4_prefix(text: string, prefix: string) bool!", "kql_has_ip4_prefix($1, $2)", "Whether an address that begins so stands in the text." },
	{ "has_any_ipv4(text: string, ip: string...) bool!", "arrayExists(i -> kql_has_ip4($1, i), [$2*])", "Whether one of the addresses stands in the text." },
	{ "has_any_ipv4(text: string, ips: dynamic) bool!", "arrayExists(i -> kql_has_ip4($1, kql_text(i)), kql_elements($2!))", "Whether one of the addresses stands in the text." },
	{ "has_any_ipv4_prefix(text: string, prefix: string...) bool!", "arrayExists(i -> kql_has_ip4_prefix($1, i), [$2*])", "Whether an address that begins with one of them stands in the text." },
	{ "has_any_ipv4_prefix(text: string, prefixes: dynamic) bool!", "arrayExists(i -> kql_has_ip4_prefix($1, kql_text(i)), kql_elements($2!))", "Whether an address that begins with one of them stands in the text." },
	{ "geo_info_from_ip_address(ip: string) dynamic", "if(empty($1), NULL, '{}')", "Where the address is; there is no data for it yet: an empty bag." },
};
/* clang-format on */
const struct func_family fn_addresses = { "Addresses", items, ARRAY_SIZE(items) };
