//! Which key a method asks for: as the doors have it.

use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::Components;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};

use crate::types::Scope;

const KEY: &str = "apiKey";
const ABOUT: &str = "A key of `API_KEYS`, or one that `alpha-call keys create` made with the scope that a method names; `admin` opens all. \
                     Without any key the API is open, on loopback outside of production.";

pub(super) fn describe(components: &mut Components) {
    let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(ABOUT)).build();
    components.add_security_scheme(KEY, SecurityScheme::Http(scheme));
}

/// What is not OAuth names here the roles that it asks for. <https://spec.openapis.org/oas/v3.1.1.html#security-requirement-object>
pub(super) fn ask_for(operation: &mut Operation, scope: Option<Scope>) {
    operation.security = scope.map(|scope| vec![SecurityRequirement::new(KEY, [scope.as_str()])]);
}
