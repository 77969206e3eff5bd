//! Just enough HTTP/1.1 to post a webhook: one request, one reply, RFC 9112.

/// What a webhook answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub content_type: String,
    pub body: Vec<u8>,
}

/// The bytes are not an HTTP reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an http reply")]
pub struct Garbled;

/// A request with its body, ready to be written; the connection ends with it.
#[must_use]
pub fn request(method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut text = format!("{method} {target} HTTP/1.1\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str(&format!("Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len()));
    text.into_bytes()
}

/// Reads a reply; none while `bytes` are not all of it. `ended`: no more will come.
pub fn reply(bytes: &[u8], ended: bool) -> Result<Option<Reply>, Garbled> {
    let Some((head, rest)) = split_once(bytes, b"\r\n\r\n") else {
        return if ended { Err(Garbled) } else { Ok(None) };
    };
    let head = std::str::from_utf8(head).map_err(|_| Garbled)?;
    let (status, fields) = head.split_once("\r\n").unwrap_or((head, ""));
    let status: u16 = status.strip_prefix("HTTP/1.").and_then(|s| s.split(' ').nth(1)).and_then(|s| s.parse().ok()).ok_or(Garbled)?;
    let content_type = field(fields, "content-type").unwrap_or_default().to_owned();
    Ok(body(fields, status, rest, ended)?.map(|body| Reply { status, content_type, body }))
}

/// RFC 9112 section 6.3: chunked, by length, or to the end of the connection.
fn body(fields: &str, status: u16, rest: &[u8], ended: bool) -> Result<Option<Vec<u8>>, Garbled> {
    if field(fields, "transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        return dechunked(rest, ended);
    }
    let length = match field(fields, "content-length") {
        Some(length) => Some(length.parse::<usize>().map_err(|_| Garbled)?),
        None if matches!(status, 204 | 304) => Some(0),
        None => None,
    };
    match (length, ended) {
        (Some(length), _) if rest.len() >= length => Ok(rest.get(..length).map(<[u8]>::to_vec)),
        (Some(_), true) => Err(Garbled),
        (None, true) => Ok(Some(rest.to_vec())),
        (_, false) => Ok(None),
    }
}

fn dechunked(mut rest: &[u8], ended: bool) -> Result<Option<Vec<u8>>, Garbled> {
    let mut body = Vec::new();
    loop {
        let more = if ended { Err(Garbled) } else { Ok(None) };
        let Some((size, after)) = split_once(rest, b"\r\n") else { return more };
        let size = std::str::from_utf8(size).map_err(|_| Garbled)?;
        let size = usize::from_str_radix(size.split(';').next().unwrap_or_default().trim(), 16).map_err(|_| Garbled)?;
        if size == 0 {
            return Ok(Some(body));
        }
        let Some((chunk, after)) = after.split_at_checked(size) else { return more };
        body.extend_from_slice(chunk);
        match after.strip_prefix(b"\r\n") {
            Some(next) => rest = next,
            None if after.len() < 2 => return more,
            None => return Err(Garbled),
        }
    }
}

fn field<'a>(fields: &'a str, name: &str) -> Option<&'a str> {
    fields.split("\r\n").filter_map(|line| line.split_once(':')).find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, v)| v.trim())
}

fn split_once<'a>(bytes: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = bytes.windows(mark.len()).position(|window| window == mark)?;
    Some((bytes.get(..at)?, bytes.get(at + mark.len()..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body_of(text: &str, ended: bool) -> Result<Option<String>, Garbled> {
        Ok(reply(text.as_bytes(), ended)?.map(|reply| String::from_utf8(reply.body).expect("text")))
    }

    #[test]
    fn a_request_is_what_the_rfc_says() {
        let bytes = request("POST", "/x?a=1", &[("Host", "h")], "To=1");

        assert_eq!(bytes, b"POST /x?a=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nConnection: close\r\n\r\nTo=1");
    }

    #[test]
    fn a_reply_with_a_length_ends_there() {
        let text = "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 5\r\n\r\nhello and more";

        assert_eq!(
            reply(text.as_bytes(), false),
            Ok(Some(Reply { status: 200, content_type: "text/xml".into(), body: b"hello".to_vec() }))
        );
        assert_eq!(body_of(&text[..40], false), Ok(None));
        assert_eq!(body_of(&text[..40], true), Err(Garbled));
    }

    #[test]
    fn a_chunked_reply_is_put_together() {
        let text = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n1;x=y\r\n!\r\n0\r\n\r\n";

        assert_eq!(body_of(text, false), Ok(Some("hello!".into())));
        assert_eq!(body_of(&text[..text.len() - 10], false), Ok(None));
    }

    #[test]
    fn a_reply_without_a_length_lasts_to_the_end_of_the_connection() {
        assert_eq!(body_of("HTTP/1.0 200 OK\r\n\r\nhello", false), Ok(None));
        assert_eq!(body_of("HTTP/1.0 200 OK\r\n\r\nhello", true), Ok(Some("hello".into())));
        assert_eq!(body_of("HTTP/1.1 204 No Content\r\n\r\n", false), Ok(Some(String::new())));
    }

    #[test]
    fn what_is_not_http_is_garbled() {
        for text in ["hello\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n"] {
            assert_eq!(body_of(text, true), Err(Garbled), "{text}");
        }
    }
}
