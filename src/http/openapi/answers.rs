//! What is always there in an answer. What may be null is there all the same; what may be left out is never null.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{Components, Object, Schema, SchemaType, Type};

/// How what a client sends is called: of that, nothing that may be null has to be there.
const SENT: &str = "Request";

pub(super) fn complete(components: &mut Components) {
    let answers = components.schemas.iter_mut().filter(|(name, _)| !name.ends_with(SENT));
    answers.for_each(|(_, schema)| fill(schema));
}

fn fill(schema: &mut RefOr<Schema>) {
    match schema {
        RefOr::T(Schema::Object(object)) => require(object),
        RefOr::T(Schema::AllOf(parts)) => parts.items.iter_mut().for_each(fill),
        RefOr::T(_) | RefOr::Ref(_) => {}
    }
}

fn require(object: &mut Object) {
    let nullable = object.properties.iter().filter(|(_, schema)| may_be_null(schema)).map(|(name, _)| name.clone());
    object.required.extend(nullable.collect::<Vec<_>>());
    object.required.sort_unstable();
    object.required.dedup();
}

fn may_be_null(schema: &RefOr<Schema>) -> bool {
    match schema {
        RefOr::T(Schema::Object(object)) => has_null(&object.schema_type),
        RefOr::T(Schema::Array(array)) => has_null(&array.schema_type),
        RefOr::T(Schema::OneOf(choice)) => choice.items.iter().any(may_be_null),
        RefOr::T(_) | RefOr::Ref(_) => false,
    }
}

fn has_null(kind: &SchemaType) -> bool {
    match kind {
        SchemaType::Type(kind) => *kind == Type::Null,
        SchemaType::Array(kinds) => kinds.contains(&Type::Null),
        SchemaType::AnyValue => false,
    }
}
