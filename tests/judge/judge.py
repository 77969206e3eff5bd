"""Judges the description of the API with code that is not ours.

judge.py DOCUMENT            is it a document of OpenAPI 3.1?
judge.py DOCUMENT ANSWERS    is each answer what the document says? ANSWERS has a JSON object in each line: method, path as in the
                             document, status, content_type and body; or schema, by its name, and body

Exits with 1 if anything is wrong, and says what.
"""

import copy
import json
import sys

from openapi_schema_validator import OAS31Validator, oas31_format_checker
from openapi_spec_validator import OpenAPIV31SpecValidator

SCHEMAS = "#/components/schemas/"


def faults_of_document(document):
    for error in OpenAPIV31SpecValidator(document).iter_errors():
        yield f"{'/'.join(map(str, error.absolute_path))}: {error.message}"


def closed(document):
    """The schemas, which allow no field here that they do not name."""
    schemas = document["components"]["schemas"]

    def close(schema):
        if not isinstance(schema, dict):
            return [close(each) for each in schema] if isinstance(schema, list) else schema
        if "allOf" in schema:
            parts = [schemas[part["$ref"].removeprefix(SCHEMAS)] if "$ref" in part else part for part in schema["allOf"]]
            return {**schema, "allOf": [open_part(part) for part in parts], "unevaluatedProperties": False}
        schema = {name: close(each) for name, each in schema.items()}
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
        return schema

    def open_part(part):
        return {**part, "properties": {name: close(each) for name, each in part.get("properties", {}).items()}}

    return {name: close(copy.deepcopy(schema)) for name, schema in schemas.items()}


def schema_of(document, answer):
    if "schema" in answer:
        return {"$ref": SCHEMAS + answer["schema"]}
    operation = document["paths"][answer["path"]][answer["method"].lower()]
    response = operation["responses"].get(str(answer["status"]))
    if response is None:
        raise LookupError("this status is not described")
    if not response.get("content") and not answer["body"]:
        return True
    content = response.get("content", {}).get(answer["content_type"].split(";")[0])
    if content is None:
        raise LookupError(f"{answer['content_type']} is not described")
    return content["schema"]


def faults_of_answers(document, lines):
    schemas = closed(document)
    for line in lines:
        answer = json.loads(line)
        name = " ".join(str(answer[part]) for part in ("method", "path", "status", "schema") if part in answer)
        try:
            schema = schema_of(document, answer)
        except LookupError as error:
            yield f"{name}: {error}"
            continue
        root = {"allOf": [schema], "components": {"schemas": schemas}}
        for error in OAS31Validator(root, format_checker=oas31_format_checker).iter_errors(answer["body"]):
            yield f"{name} {error.json_path}: {error.message}"


def main(path, answers=None):
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    if answers is None:
        faults = list(faults_of_document(document))
    else:
        with open(answers, encoding="utf-8") as lines:
            faults = list(faults_of_answers(document, lines))
    print("\n".join(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
