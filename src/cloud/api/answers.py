#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints answers.toml, which says how it is read, as a table of OpenAPI schemas in C."""
import json
import sys
import tomllib

SIMPLE = {
    **{name: {"type": name} for name in ("string", "integer", "boolean", "object")},
    "any": {},
    "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
}


def schema(described, answers):
    if isinstance(described, dict):
        return {
            "type": "object",
            "additionalProperties": False,
            "required": [name for name in described if not name.endswith("?")],
            "properties": {name.rstrip("?"): schema(d, answers) for name, d in described.items()},
        }
    if described.endswith(" or null"):
        of = described.removesuffix(" or null")
        # A reference has no room for more: the object itself.
        return {**schema(answers.get(of, of), answers), "nullable": True}
    if described.startswith("list of "):
        return {"type": "array", "items": schema(described.removeprefix("list of "), answers)}
    if " | " in described:
        return {"type": "string", "enum": described.split(" | ")}
    if described in answers:
        return {"$ref": f"#/components/schemas/{described}"}
    return SIMPLE[described]


def main():
    with open(sys.argv[1], "rb") as f:
        answers = tomllib.load(f)
    print("static const struct api_schema api_schemas[] = {")
    for name, members in answers.items():
        text = json.dumps(schema(members, answers), separators=(",", ":"))
        print(f"\t{{ {json.dumps(name)}, {json.dumps(text)} }},")
    print("\t{ NULL, NULL },\n};")


main()
