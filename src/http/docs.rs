//! `GET /docs`: Swagger UI over `GET /api/openapi.json`. Its files are part of the binary.
//! <https://swagger.io/docs/open-source-tools/swagger-ui/usage/configuration/>

use std::sync::{Arc, LazyLock};

use actix_web::http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, LOCATION};
use actix_web::{HttpResponse, web};
use utoipa_swagger_ui::{Config, serve};

use super::Problem;
use crate::types::Code;

/// It writes styles into its elements, which the page itself never does.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const FOR_AN_HOUR: &str = "max-age=3600";

/// The layout without a bar to load other documents with.
static SETTINGS: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| Arc::new(Config::from("/api/openapi.json").use_base_layout()));

/// Its files stand beside each other below this address.
pub(super) async fn folder() -> HttpResponse {
    HttpResponse::TemporaryRedirect().insert_header((LOCATION, "/docs/")).finish()
}

pub(super) async fn file(path: web::Path<String>) -> Result<HttpResponse, Problem> {
    let file = serve(&path, SETTINGS.clone()).map_err(|error| Problem::internal(&error))?;
    let file = file.ok_or_else(|| Problem::new(Code::NotFound, "the documentation has no such file"))?;
    let mut answer = HttpResponse::Ok();
    answer.content_type(file.content_type).insert_header((CONTENT_SECURITY_POLICY, POLICY)).insert_header((CACHE_CONTROL, FOR_AN_HOUR));
    if file.gzpipped {
        answer.insert_header((CONTENT_ENCODING, "gzip"));
    }
    Ok(answer.body(file.bytes.into_owned()))
}
