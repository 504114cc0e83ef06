# SPDX-License-Identifier: Apache-2.0
"""Holds answers against the API's own description: the part of JSON Schema that OpenAPI 3.0 uses."""
import re

TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "number": (int, float)}
KNOWN = {"type", "nullable", "properties", "required", "additionalProperties", "items", "enum", "$ref", "format",
         "description", "x-vakt", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z")


class Description:
    def __init__(self, document):
        self.document = document
        self.schemas = document["components"]["schemas"]
        self.routes = []
        for path, methods in document["paths"].items():
            pattern = "".join("[^/]+" if part.startswith("{") else re.escape(part)
                              for part in re.split(r"(\{\w+\})", path))
            pattern = re.compile(pattern.replace(re.escape("/api/"), "/api/(?:v1.0/)?", 1), re.IGNORECASE)
            for method, operation in methods.items():
                self.routes.append((method.upper(), path, pattern, operation))

    def operation(self, method, path):
        found = [(p.count("{"), o) for m, p, pattern, o in self.routes if m == method and pattern.fullmatch(path)]
        return min(found, key=lambda f: f[0])[1] if found else None

    def check(self, method, path, answer):
        operation = self.operation(method, path.partition("?")[0])
        if not operation or answer.status in (413, 405):
            return
        response = operation["responses"].get(str(answer.status))
        if not response:
            if answer.status < 400:
                raise AssertionError(f"{method} {path}: {answer.status} is not described")
            response = operation["responses"]["default"]
            # Refusals before the handler have the API's form everywhere.
            if answer.status == 429:
                response = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}
        if "content" not in response:
            if answer.body:
                raise AssertionError(f"{method} {path}: {answer.body[:80]} where nothing is described")
            return
        self.match(response["content"]["application/json"]["schema"], answer.json, f"{method} {path}: ")

    def match(self, schema, value, where):
        if "$ref" in schema:
            schema = self.schemas[schema["$ref"].rpartition("/")[2]]
        unknown = set(schema) - KNOWN
        if unknown:
            raise AssertionError(f"{where}the schema's {unknown} are not understood here")
        if value is None and schema.get("nullable"):
            return
        kind = schema.get("type")
        if kind and (not isinstance(value, TYPES[kind]) or (kind == "integer" and isinstance(value, bool))):
            raise AssertionError(f"{where}{value!r:.60} is no {kind}")
        if "enum" in schema and value not in schema["enum"]:
            raise AssertionError(f"{where}{value!r} is not one of {schema['enum']}")
        if schema.get("format") == "date-time" and not TIME.fullmatch(value):
            raise AssertionError(f"{where}{value!r} is no time")
        if kind == "array" and "items" in schema:
            for i, item in enumerate(value):
                self.match(schema["items"], item, f"{where}[{i}]")
        if kind == "object":
            self.match_object(schema, value, where)

    def match_object(self, schema, value, where):
        properties = schema.get("properties", {})
        other = schema.get("additionalProperties", True)
        missing = [name for name in schema.get("required", ()) if name not in value]
        if missing:
            raise AssertionError(f"{where}{missing} are missing")
        for name, member in value.items():
            if name in properties:
                self.match(properties[name], member, f"{where}.{name}")
            elif other is False:
                raise AssertionError(f"{where}.{name} is not described")
            elif isinstance(other, dict):
                self.match(other, member, f"{where}.{name}")
