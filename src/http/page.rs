//! The web page: files of `web/`, which are part of the binary. In debug builds they are read anew each time.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, ETAG, EntityTag, Header as _, IfNoneMatch};
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rust_embed::{EmbeddedFile, RustEmbed};
use sha2::{Digest as _, Sha256};

use super::Problem;
use crate::types::Code;

#[derive(RustEmbed)]
#[folder = "web/"]
#[exclude = "*.md"]
struct Web;

const INDEX: &str = "index.html";
/// Asked again each time, and sent again only if it has changed. RFC 9111 section 5.2.2.4
const ASK_AGAIN: &str = "no-cache";
const MAP_OPENS: &str = "<script type=\"importmap\">";
const MAP_CLOSES: &str = "</script>";

/// Every page is the same document, which shows what its address says.
pub(super) async fn page(request: HttpRequest) -> Result<HttpResponse, Problem> {
    let index = file(INDEX)?;
    let policy = policy(&String::from_utf8_lossy(&index.data));
    let mut answer = answer(&request, INDEX, index);
    if let Ok(policy) = policy.parse() {
        answer.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    Ok(answer)
}

/// What the page is made of.
pub(super) async fn asset(request: HttpRequest, path: web::Path<String>) -> Result<HttpResponse, Problem> {
    Ok(answer(&request, &path, file(&path)?))
}

fn file(path: &str) -> Result<EmbeddedFile, Problem> {
    Web::get(path).ok_or_else(|| Problem::new(Code::NotFound, "the page has no such file"))
}

fn answer(request: &HttpRequest, path: &str, file: EmbeddedFile) -> HttpResponse {
    let tag = EntityTag::new_strong(URL_SAFE_NO_PAD.encode(file.metadata.sha256_hash()));
    let is_known = is_known(request, &tag);
    let mut answer = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer.insert_header((ETAG, tag)).insert_header((CACHE_CONTROL, ASK_AGAIN)).content_type(content_type(path));
    if is_known { answer.finish() } else { answer.body(file.data.into_owned()) }
}

/// RFC 9110 section 13.1.2
fn is_known(request: &HttpRequest, tag: &EntityTag) -> bool {
    let known = IfNoneMatch::parse(request);
    matches!(known, Ok(IfNoneMatch::Items(tags)) if tags.iter().any(|known| known.weak_eq(tag)))
}

/// Of the kinds of files that there are. Text is UTF-8.
fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, kind)| kind) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "json" => "application/json",
        _ => "text/plain; charset=utf-8",
    }
}

/// Nothing but our own files, and the one script that stands in the document: what names the modules.
/// <https://www.w3.org/TR/CSP3/>
fn policy(index: &str) -> String {
    let map = index.split_once(MAP_OPENS).and_then(|(_, rest)| rest.split_once(MAP_CLOSES)).map_or("", |(map, _)| map);
    let map = STANDARD.encode(Sha256::digest(map));
    format!(
        "default-src 'none'; script-src 'self' 'sha256-{map}'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
         connect-src 'self'; media-src 'self' blob:; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}
