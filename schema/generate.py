#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes everything that depends on the event schema from schema/*.toml and schema/ids.lock.

Each table stands in one TOML file named after it; those of copies/ are filled from state and never
travel on the wire. ids.lock gives tables and fields their numbers on the wire: a number is never
used again and a type never changes, so that an old sensor and a new cloud understand each other.
`generate.py --update-lock` adds what is new; every other run refuses a schema that the lock does not
cover.
"""
import argparse
import json
import pathlib
import sys
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
LOCK = HERE / "ids.lock"
TEXT_MAX = 32768

# type -> (C enumerator, ClickHouse, protobuf, TypeScript)
TYPES = {
    "string": ("EVENT_STRING", "String", "string", "string"),
    "int": ("EVENT_INT", "Int32", "sint64", "number"),
    "long": ("EVENT_LONG", "Int64", "sint64", "string"),
    "datetime": ("EVENT_DATETIME", "DateTime64(9, 'UTC')", "sint64", "string"),
    "bool": ("EVENT_BOOL", "Bool", "bool", "boolean"),
    "real": ("EVENT_REAL", "Float64", "double", "number"),
    "dynamic": ("EVENT_DYNAMIC", "String", "string", "unknown"),
}
TABLE_KEYS = {"name", "doc", "extension", "actions", "sigma", "field"}
COPY_KEYS = {"name", "doc", "key", "rows", "field"}
FIELD_KEYS = {"name", "type", "source", "doc", "max", "sigma", "nullable", "low_cardinality",
              "text_index", "bloom", "digest", "extension", "from"}
# digest: hexadecimal in lower case; whole values are looked for.
# kernel, file, passwd, ...: the sensor sends it; derived: computed on receipt and stored;
# cloud: an envelope column that every stored row has; view: made when it is read.
NOT_STORED = {"", "cloud", "view"}


def fail(message):
    sys.exit(f"schema: {message}")


def load_tables(folder=HERE, keys=TABLE_KEYS):
    tables = []
    for path in sorted(folder.glob("*.toml")):
        with path.open("rb") as f:
            try:
                table = tomllib.load(f)
            except tomllib.TOMLDecodeError as e:
                fail(f"{path.name}: {e}")
        if table.get("name") != path.stem:
            fail(f"{path.name}: name must be '{path.stem}'")
        for key in table.keys() - keys:
            fail(f"{path.name}: unknown key '{key}', allowed are {', '.join(sorted(keys))}")
        check_fields(path.name, table)
        tables.append(table)
    return tables


def load_copies():
    tables = load_tables(HERE / "copies", COPY_KEYS)
    for table in tables:
        for number, field in enumerate(table["field"]):
            field["id"] = number + 1
            if stored(field) != ("from" in field):
                fail(f"{table['name']}.toml: field '{field['name']}': 'from' belongs to columns that are stored")
        table["id"] = 0
    return tables


def load_unfilled():
    """Tables of the hunting schema without a source: [{name, doc, columns: [(name, type)]}]."""
    with (HERE / "unfilled" / "tables.toml").open("rb") as f:
        tables = tomllib.load(f)["table"]
    for table in tables:
        if any((folder / f"{table['name']}.toml").exists() for folder in (HERE, HERE / "copies")):
            fail(f"unfilled/tables.toml: {table['name']} has a file of its own now")
        table["columns"] = [tuple(c.split(":")) for c in table["columns"]]
        for name, kind in table["columns"]:
            if kind not in TYPES:
                fail(f"unfilled/tables.toml: {table['name']}.{name}: type '{kind}' is none of {', '.join(TYPES)}")
    return tables


def check_fields(file, table):
    seen = set()
    for field in table["field"]:
        where = f"{file}: field '{field.get('name')}'"
        for key in field.keys() - FIELD_KEYS:
            fail(f"{where}: unknown key '{key}', allowed are {', '.join(sorted(FIELD_KEYS))}")
        if field["type"] not in TYPES:
            fail(f"{where}: type '{field['type']}' is none of {', '.join(TYPES)}")
        if field["name"] in seen:
            fail(f"{where}: stands there twice")
        seen.add(field["name"])


def read_lock():
    ids = {}
    for line in LOCK.read_text().splitlines() if LOCK.exists() else []:
        if line and not line.startswith("#"):
            name, number, kind = line.split()
            ids[name] = (int(number), kind)
    return ids


def update_lock(tables):
    ids = read_lock()

    def take(name, kind, prefix):
        if name not in ids:
            used = [n for k, (n, _) in ids.items() if k.rpartition(".")[0] == prefix]
            ids[name] = (max(used, default=0) + 1, kind)

    for table in tables:
        take(table["name"], "table", "")
        for field in table["field"]:
            take(f"{table['name']}.{field['name']}", field["type"], table["name"])
    lines = ["# name, number on the wire, type. Lines are added, never changed or removed."]
    lines += [f"{name} {number} {kind}" for name, (number, kind) in ids.items()]
    LOCK.write_text("\n".join(lines) + "\n")


def number_tables(tables):
    ids = read_lock()
    wanted = set()

    def number(name, kind):
        wanted.add(name)
        if name not in ids:
            fail(f"{name} is not in ids.lock; run schema/generate.py --update-lock")
        if ids[name][1] != kind:
            fail(f"{name} is '{kind}' but ids.lock says '{ids[name][1]}': a type never changes")
        return ids[name][0]

    for table in tables:
        table["id"] = number(table["name"], "table")
        for field in table["field"]:
            field["id"] = number(f"{table['name']}.{field['name']}", field["type"])
    gone = sorted(set(ids) - wanted)
    if gone:
        fail(f"ids.lock has {', '.join(gone)}, which the schema lost: columns are never removed")
    tables.sort(key=lambda t: t["id"])


def sql_type(field):
    base = TYPES[field["type"]][1]
    if field.get("low_cardinality"):
        return f"LowCardinality({base})"
    return f"Nullable({base})" if field.get("nullable") else base


def stored(field):
    return field.get("source", "") not in NOT_STORED


def quoted(text):
    return json.dumps(text)


HEAD = "/* Made by schema/generate.py from the tables in schema/. */\n"


def header(tables):
    out = [HEAD, "#pragma once\n", "enum event_table_id {"]
    out += [f"\tEVENT_{t['name']}," for t in tables]
    out += ["\tEVENT_TABLE_COUNT,", "};\n"]
    copies = load_copies()
    out.append(f"#define EVENT_COPY_COUNT {len(copies)}")
    out.append(f"#define EVENT_FIELDS_MAX {max(len(t['field']) for t in tables + copies)}\n")
    for t in tables:
        out.append(f"enum {t['name']}_field {{")
        out += [f"\t{t['name']}_{f['name']}," for f in t["field"]]
        out.append("};\n")
    return "\n".join(out)


def flags(field):
    names = []
    for key in ("nullable", "low_cardinality", "extension", "text_index", "bloom"):
        if field.get(key) or (key == "bloom" and field.get("digest")):
            names.append(f"EVENT_FIELD_{key.upper()}")
    if stored(field):
        names.append("EVENT_FIELD_STORED")
    return " | ".join(names) or "0"


def descriptor(t):
    """The tables that a row of event_tables points to, and that row."""
    name, out = t["name"], []
    out.append(f"static const struct event_field {name}_fields[] = {{")
    for f in t["field"]:
        sigma = quoted(f["sigma"]) if "sigma" in f else "NULL"
        out.append(f"\t{{ {quoted(f['name'])}, {sigma}, {quoted(sql_type(f))}, "
                   f"{f.get('max', TEXT_MAX)}, {f['id']}, {TYPES[f['type']][0]}, {flags(f)} }},")
    out.append("};\n")
    by_id = [255] * (max(f["id"] for f in t["field"]) + 1)
    for i, f in enumerate(t["field"]):
        by_id[f["id"]] = i
    out.append(f"static const uint8_t {name}_by_id[] = {{ {', '.join(map(str, by_id))} }};\n")
    for i, s in enumerate(t.get("sigma", [])):
        actions = ", ".join(quoted(a) for a in s["actions"])
        out.append(f"static const char *const {name}_actions_{i}[] = {{ {actions}, NULL }};")
    out.append(f"static const struct event_sigma_source {name}_sigma[] = {{")
    for i, s in enumerate(t.get("sigma", [])):
        names = ", ".join(quoted(s[k]) if k in s else "NULL" for k in ("category", "service"))
        out.append(f"\t{{ {names}, {name}_actions_{i} }},")
    out += ["\t{ NULL, NULL, NULL },", "};\n"]
    key = quoted(", ".join(t["key"])) if "key" in t else "NULL"
    return out, (f"\t{{ {quoted(name)}, {t['id']}, {len(t['field'])}, {name}_fields, {name}_sigma, "
                 f"{name}_by_id, ARRAY_SIZE({name}_by_id), {key} }},")


def source(tables):
    out = [HEAD, '#include "event/event.h"\n']
    for array, count, list_ in (("event_tables", "EVENT_TABLE_COUNT", tables),
                                ("event_copies", "EVENT_COPY_COUNT", load_copies())):
        rows = []
        for t in list_:
            lines, row = descriptor(t)
            out += lines
            rows.append(row)
        out += [f"const struct event_table {array}[{count}] = {{", *rows, "};\n"]
    return "\n".join(out)


def copies(_):
    """What state is asked for the rows of an alert: device, its name, then each stored column."""
    out = [HEAD, '#include "cloud/incident/copies.h"\n',
           "const char *const alert_copy_selects[EVENT_COPY_COUNT] = {"]
    for t in load_copies():
        columns = ", ".join(f["from"] for f in t["field"] if stored(f))
        name = "(SELECT computer_dns_name FROM device d WHERE d.tenant_id = a.tenant_id AND d.id = a.device_id)"
        out.append("\t" + quoted(f"SELECT a.device_id, {name}, {columns} FROM {' '.join(t['rows'].split())}") + ",")
    out.append("};")
    return "\n".join(out) + "\n"


def additional_fields(table):
    """SQL that makes a view column of the extension columns: a JSON object of those that are filled."""
    parts = []
    for f in table["field"]:
        if not f.get("extension") or not stored(f):
            continue
        text = f["type"] == "string"
        filled = f"{f['name']} != ''" if text else f"isNotNull({f['name']})"
        value = f"toJSONString(toString({f['name']}))" if text else f"toString({f['name']})"
        parts.append(f"if({filled}, concat(toJSONString('{f['name']}'), ':', {value}), '')")
    if not parts:
        return "''"
    return f"concat('{{', arrayStringConcat(arrayFilter(x -> x != '', [{', '.join(parts)}]), ','), '}}')"


def kql_column(table, field):
    source_ = field.get("source", "")
    sql = "NULL" if not source_ else quoted(field["name"])
    view = quoted(additional_fields(table)) if source_ == "view" else "NULL"
    nullable = "true" if field.get("nullable") else "false"
    text = "true" if field.get("text_index") else "false"
    digest = "true" if field.get("digest") else "false"
    low = "true" if field.get("low_cardinality") else "false"
    return (f"\t{{ {quoted(field['name'])}, {'NULL' if source_ == 'view' else sql}, {view}, "
            f"{quoted(field['doc'])}, KQL_{field['type'].upper()}, {nullable}, {text}, {digest}, {low} }},")


def catalogue(tables):
    """What hunting queries may name: the reference's columns, without our extensions."""
    out = [HEAD, '#include "kql/kql.h"\n']
    rows = []
    for t in tables + load_copies():
        fields = [f for f in t["field"] if t.get("extension") or not f.get("extension")]
        out.append(f"static const struct kql_table_column {t['name']}_columns[] = {{")
        out += [kql_column(t, f) for f in fields]
        out.append("};")
        replaced = "true" if "key" in t else "false"
        rows.append(f"\t{{ {quoted(t['name'])}, {quoted(t['doc'])}, {t['name']}_columns, {len(fields)}, true, {replaced} }},")
    for t in load_unfilled():
        out.append(f"static const struct kql_table_column {t['name']}_columns[] = {{")
        out += [f"\t{{ {quoted(n)}, NULL, NULL, \"\", KQL_{k.upper()}, true, false, false, false }}," for n, k in t["columns"]]
        out.append("};")
        rows.append(f"\t{{ {quoted(t['name'])}, {quoted(t['doc'])}, {t['name']}_columns, {len(t['columns'])}, false, false }},")
    out += ["static const struct kql_table tables[] = {", *rows, "};",
            "const struct kql_catalogue *kql_catalogue(void)", "{",
            f'\tstatic const struct kql_catalogue all = {{ tables, {len(rows)}, "vakt" }};', "",
            "\treturn &all;", "}"]
    return "\n".join(out) + "\n"


def proto(tables):
    out = ["// Made by schema/generate.py: the payload of a frame, after zstd.",
           'syntax = "proto3";', "package vakt;\n",
           "message Batch {", "  string stream = 1;", "  uint64 number = 2;",
           "  string boot_id = 3;", "  sint64 sealed_realtime_ns = 4;",
           "  sint64 sealed_boottime_ns = 5;", "  repeated Event event = 6;", "}\n",
           "message Event {", "  uint32 cpu = 1;", "  uint64 sequence = 2;",
           "  sint64 boottime_ns = 3;", "  oneof row {"]
    out += [f"    {t['name']} {t['name'].lower()} = {15 + t['id']};" for t in tables]
    out += ["  }", "}"]
    for t in tables:
        out.append(f"\nmessage {t['name']} {{")
        out += [f"  optional {TYPES[f['type']][2]} {f['name']} = {f['id']};"
                for f in sorted(t["field"], key=lambda f: f["id"])]
        out.append("}")
    return "\n".join(out) + "\n"


def typescript(tables):
    out = ["// Made by schema/generate.py from schema/*.toml."]
    for t in tables:
        out.append(f"\n/** {t['doc']} */\nexport interface {t['name']} {{")
        for f in t["field"]:
            out.append(f"  /** {f['doc']} */\n  {f['name']}?: {TYPES[f['type']][3]};")
        out.append("}")
    return "\n".join(out) + "\n"


def markdown(tables):
    out = ["# Event tables", "",
           "Made from `schema/`. A column without a source is there for queries and always empty."]
    for t in tables + load_copies():
        out += ["", f"## {t['name']}", "", t["doc"]]
        if t.get("actions"):
            out += ["", "| ActionType | Meaning |", "|---|---|"]
            out += [f"| {a['name']} | {a['doc']} |" for a in t["actions"]]
        out += ["", "| Column | Type | Source | Sigma | Meaning |", "|---|---|---|---|---|"]
        for f in t["field"]:
            name = f["name"] + (" (ours)" if f.get("extension") or t.get("extension") else "")
            out.append(f"| {name} | {f['type']} | {f.get('source', '')} | {f.get('sigma', '')} "
                       f"| {f['doc']} |")
    out += ["", "## Tables without a source",
            "", "Queries find them with these columns, and find them empty."]
    for t in load_unfilled():
        out += ["", f"### {t['name']}", "", t["doc"], "",
                ", ".join(f"{n} ({k})" for n, k in t["columns"])]
    return "\n".join(out) + "\n"


OUTPUTS = {"schema.gen.kql.c": catalogue, "schema.gen.copies.c": copies, "schema.gen.h": header, "schema.gen.c": source, "schema.gen.proto": proto,
           "schema.gen.ts": typescript, "schema.gen.md": markdown}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--update-lock", action="store_true")
    parser.add_argument("--out", type=pathlib.Path, help="folder for the generated files")
    args = parser.parse_args()
    tables = load_tables()
    if args.update_lock:
        update_lock(tables)
    number_tables(tables)
    for name, make in OUTPUTS.items() if args.out else ():
        (args.out / name).write_text(make(tables))


if __name__ == "__main__":
    main()
