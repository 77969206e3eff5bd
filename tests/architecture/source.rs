//! A source file, as the rules see it.

use std::fs;
use std::io;
use std::path::{Path as FilePath, PathBuf};

use super::lexer::{Token, tokens};
use super::paths::{Path, paths};

pub struct Source<'a> {
    /// From the root of the repository, with `/`.
    pub path: &'a str,
    pub text: &'a str,
    pub tokens: Vec<Token<'a>>,
    paths: Vec<Path<'a>>,
    blocks: Vec<Block>,
}

/// An inline module, or an item that exists in tests alone; by its tokens.
struct Block {
    from: usize,
    to: usize,
    is_module: bool,
}

impl<'a> Source<'a> {
    pub fn new(path: &'a str, text: &'a str) -> Self {
        let tokens = tokens(text);
        let (paths, blocks) = (paths(&tokens), blocks(&tokens));
        Self { path, text, tokens, paths, blocks }
    }

    pub fn is_below(&self, folder: &str) -> bool {
        self.path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
    }

    /// The file of this module, or one of its folder: `src/a` is `src/a.rs`, `src/a/mod.rs`, `src/a/b.rs`.
    pub fn is_of(&self, module: &str) -> bool {
        self.is_below(module) || self.path.strip_suffix(".rs") == Some(module)
    }

    /// Where the file stands in the crate: `src/a/mod.rs` and `src/a.rs` are `a`, `src/main.rs` is `main`.
    pub fn module(&self) -> Vec<&'a str> {
        let inside = self.path.strip_prefix("src/").unwrap_or(self.path);
        let mut segments: Vec<_> = inside.strip_suffix(".rs").unwrap_or(inside).split('/').collect();
        if segments.last() == Some(&"mod") {
            segments.pop();
        }
        segments
    }

    /// Whatever is compiled for tests alone.
    pub fn is_test(&self, at: usize) -> bool {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        let whole = self.path.split('/').any(|part| part == "tests") || name == "tests.rs" || name.ends_with("_tests.rs");
        whole || self.blocks.iter().any(|block| !block.is_module && (block.from..block.to).contains(&at))
    }

    /// Paths into our own crate, from its root.
    pub fn inner_paths(&self) -> Vec<Path<'a>> {
        self.paths.iter().filter_map(|path| self.rooted(path)).collect()
    }

    /// All other paths, as they stand.
    pub fn outer_paths(&self) -> impl Iterator<Item = &Path<'a>> {
        self.paths.iter().filter(|path| !matches!(path.segments.first(), Some(&("crate" | "alpha_call" | "super" | "self" | "Self"))))
    }

    fn rooted(&self, path: &Path<'a>) -> Option<Path<'a>> {
        let supers = path.segments.iter().take_while(|segment| **segment == "super").count();
        let segments = match *path.segments.first()? {
            "crate" | "alpha_call" => path.segments.iter().skip(1).copied().collect(),
            "super" => self.above(supers, path.at)?.into_iter().chain(path.segments.iter().skip(supers).copied()).collect(),
            _ => return None,
        };
        Some(Path { segments, at: path.at, line: path.line })
    }

    /// The module so many steps above the place `at`; none for one that stands in this file.
    fn above(&self, steps: usize, at: usize) -> Option<Vec<&'a str>> {
        let inline = self.blocks.iter().filter(|block| block.is_module && (block.from..block.to).contains(&at)).count();
        let mut module = self.module();
        let steps = steps.checked_sub(inline).filter(|steps| *steps > 0)?;
        module.truncate(module.len().saturating_sub(steps));
        Some(module)
    }
}

fn blocks(tokens: &[Token<'_>]) -> Vec<Block> {
    let starts = |at: usize, words: &[&str]| words.iter().enumerate().all(|(n, word)| tokens.get(at + n).is_some_and(|t| t.text == *word));
    let mut blocks = Vec::new();
    for at in 0..tokens.len() {
        if starts(at, &["#", "[", "cfg", "(", "test", ")", "]"]) {
            blocks.push(Block { from: at, to: end_of_item(tokens, at + 7), is_module: false });
        }
        if starts(at, &["mod"]) && starts(at + 2, &["{"]) {
            blocks.push(Block { from: at, to: end_of_item(tokens, at), is_module: true });
        }
    }
    blocks
}

/// Behind the braces of the item that begins here, or its semicolon.
fn end_of_item(tokens: &[Token<'_>], from: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(from) {
        match token.text {
            "{" => depth += 1,
            "}" => depth = depth.saturating_sub(1),
            ";" => {}
            _ => continue,
        }
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

/// Path and text of every `.rs` file in these folders of the repository.
pub fn read(folders: &[&str]) -> io::Result<Vec<(String, String)>> {
    let root = FilePath::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in folders.iter().map(|folder| root.join(folder)).filter(|folder| folder.is_dir()) {
        collect(&folder, &mut files)?;
    }
    files.sort();
    let named = |file: PathBuf| Ok((slashed(file.strip_prefix(root).unwrap_or(&file)), fs::read_to_string(&file)?));
    files.into_iter().map(named).collect()
}

fn collect(folder: &FilePath, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

fn slashed(path: &FilePath) -> String {
    path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}
