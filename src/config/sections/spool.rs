//! Where rows wait for the database.

use std::path::PathBuf;

use crate::config::reader::{Reader, quoted};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpoolPlace {
    pub folder: PathBuf,
    pub max_bytes: u64,
    /// The disk dies with this instance: what is left at the end is written to stdout.
    pub black_box: bool,
}

const FOLDER: &str = "spool.folder";
const BLACK_BOX: &str = "spool.black_box";
const MEGABYTE: u64 = 1024 * 1024;

impl SpoolPlace {
    pub(in crate::config) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            folder: folder(reader),
            max_bytes: reader.number("spool.max_megabytes", 1..=65_536_u64) * MEGABYTE,
            black_box: black_box(reader),
        }
    }
}

/// On Cloud Run and App Engine nothing but the folder for temporary files can be written to.
fn folder(reader: &mut Reader<'_>) -> PathBuf {
    let default = if reader.on_platform { std::env::temp_dir().join("alpha-call-spool") } else { PathBuf::from("data/spool") };
    let folder = reader.path(FOLDER).unwrap_or(default);
    reader.show(FOLDER, quoted(&folder.display().to_string()));
    folder
}

fn black_box(reader: &mut Reader<'_>) -> bool {
    let word = reader.parsed(BLACK_BOX, "write auto, on or off", |text| match text {
        "auto" | "on" | "off" => Ok(text.to_owned()),
        _ => Err(format!("{} is none of auto, on, off", quoted(text))),
    });
    let word = word.unwrap_or_else(|| "auto".to_owned());
    reader.show(BLACK_BOX, quoted(&word));
    word == "on" || (word == "auto" && reader.on_platform)
}
