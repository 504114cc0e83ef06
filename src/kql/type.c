/* SPDX-License-Identifier: Apache-2.0 */
#include "kql/type.h"

#include <string.h>
#include <strings.h>

#include "base/macro.h"

static const struct {
	const char *name, *system, *sql;
} types[KQL_TYPE_COUNT] = {
	[KQL_UNKNOWN] = { "unknown", "", "String" },
	[KQL_BOOL] = { "bool", "System.SByte", "Bool" },
	[KQL_INT] = { "int", "System.Int32", "Int32" },
	[KQL_LONG] = { "long", "System.Int64", "Int64" },
	[KQL_REAL] = { "real", "System.Double", "Float64" },
	[KQL_DECIMAL] = { "decimal", "System.Data.SqlTypes.SqlDecimal", "Decimal(38, 17)" },
	[KQL_DATETIME] = { "datetime", "System.DateTime", "DateTime64(9, 'UTC')" },
	[KQL_TIMESPAN] = { "timespan", "System.TimeSpan", "Int64" },
	[KQL_DYNAMIC] = { "dynamic", "System.Object", "String" },
	[KQL_GUID] = { "guid", "System.Guid", "UUID" },
	[KQL_STRING] = { "string", "System.String", "String" },
};

static const struct {
	const char *name;
	enum kql_type type;
} legacy[] = {
	{ "boolean", KQL_BOOL },  { "double", KQL_REAL },    { "date", KQL_DATETIME },
	{ "time", KQL_TIMESPAN }, { "object", KQL_DYNAMIC }, { "uuid", KQL_GUID },
	{ "uniqueid", KQL_GUID }, { "int32", KQL_INT },	     { "int64", KQL_LONG },
};

const char *kql_type_name(enum kql_type type)
{
	return types[type].name;
}

const char *kql_type_system_name(enum kql_type type)
{
	return types[type].system;
}

const char *kql_type_sql(enum kql_type type)
{
	return types[type].sql;
}

static bool is(const char *name, const char *s, size_t len)
{
	return strlen(name) == len && !memcmp(name, s, len);
}

enum kql_type kql_type_find(const char *name, size_t len)
{
	for (unsigned int i = KQL_BOOL; i < KQL_TYPE_COUNT; i++)
		if (is(types[i].name, name, len))
			return (enum kql_type)i;
	for (size_t i = 0; i < ARRAY_SIZE(legacy); i++)
		if (is(legacy[i].name, name, len))
			return legacy[i].type;
	return KQL_UNKNOWN;
}

bool kql_type_is_number(enum kql_type type)
{
	return type == KQL_INT || type == KQL_LONG || type == KQL_REAL || type == KQL_DECIMAL;
}
