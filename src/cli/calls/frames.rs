//! Server-sent events, read from the bytes of a body.
//! <https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream>

use std::collections::VecDeque;

/// One event, as a browser would dispatch it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    pub id: Option<String>,
    pub kind: String,
    pub text: String,
}

/// Takes bytes however they are cut. Lines end with LF or CR LF.
#[derive(Debug, Default)]
pub struct FrameReader {
    rest: Vec<u8>,
    under_way: Frame,
    has_text: bool,
    whole: VecDeque<Frame>,
}

impl FrameReader {
    pub fn push(&mut self, bytes: &[u8]) {
        self.rest.extend_from_slice(bytes);
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            self.line(String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']));
        }
    }

    pub fn next(&mut self) -> Option<Frame> {
        self.whole.pop_front()
    }

    fn line(&mut self, line: &str) {
        if line.is_empty() {
            return self.dispatch();
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "id" => self.under_way.id = Some(value.to_owned()),
            "event" => value.clone_into(&mut self.under_way.kind),
            "data" => self.add(value),
            // A comment, whose name is empty, or a word about asking again.
            _ => {}
        }
    }

    fn add(&mut self, text: &str) {
        if self.has_text {
            self.under_way.text.push('\n');
        }
        self.has_text = true;
        self.under_way.text.push_str(text);
    }

    /// What brings no text is no event; its id alone is the place to go on from.
    fn dispatch(&mut self) {
        let frame = std::mem::take(&mut self.under_way);
        if std::mem::take(&mut self.has_text) || frame.id.is_some() {
            self.whole.push_back(frame);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = "retry: 3000\nid: 6\n\n: still here\n\nid: 7\nevent: call.turn\ndata: {\"words\":\"déjà\"}\n\nevent: reset\r\ndata:{}\r\n\r\ndata: a\ndata: b\n\n";

    fn read(size: usize) -> Vec<Frame> {
        let mut reader = FrameReader::default();
        STREAM.as_bytes().chunks(size).for_each(|chunk| reader.push(chunk));
        std::iter::from_fn(|| reader.next()).collect()
    }

    #[test]
    fn events_are_found_however_the_bytes_are_cut() {
        let frame =
            |id: Option<&str>, kind: &str, text: &str| Frame { id: id.map(str::to_owned), kind: kind.to_owned(), text: text.to_owned() };

        let all = [
            frame(Some("6"), "", ""),
            frame(Some("7"), "call.turn", "{\"words\":\"déjà\"}"),
            frame(None, "reset", "{}"),
            frame(None, "", "a\nb"),
        ];
        for size in [1, 2, 3, 7, STREAM.len()] {
            assert_eq!(read(size), all, "{size}");
        }
    }
}
