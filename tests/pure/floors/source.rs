//! What each file of the program names: grouped imports, paths in code, in types and in macros. Comments and texts are no names, and
//! what is compiled for tests alone is left out. The compiler's own tokens are enough for that, and cost no second build of what else
//! uses a parser of Rust.

use std::iter::Peekable;
use std::path::{Path, PathBuf};

use proc_macro2::token_stream::IntoIter;
use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Every name that a file uses: `["crate", "aws", "iam"]`, or `["tokio", "sync", "mpsc"]`. `["async"]` and `["clock"]` stand for code that
/// waits and that asks what time it is.
pub(super) type Uses = Vec<Vec<String>>;

/// A file of the program.
#[derive(Debug)]
pub(super) struct Source {
    /// From the root of the repository.
    pub(super) path: String,
    pub(super) uses: Uses,
}

/// Reads every file below `src`.
pub(super) fn read(root: &Path) -> Vec<Source> {
    let mut files = Vec::new();
    collect(&root.join("src"), &mut files);
    let mut for_tests: Vec<PathBuf> = Vec::new();
    let mut sources = Vec::new();
    for file in files {
        let path = file.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
        let reader = Reader::of(&path, &std::fs::read_to_string(&file).unwrap());
        for_tests.extend(reader.test_modules.iter().map(|module| test_file(&file, module)));
        sources.push((file, Source { path, uses: reader.finished() }));
    }
    sources.retain(|(file, _)| !for_tests.iter().any(|test| file == test || file.starts_with(test.with_extension(""))));
    sources.into_iter().map(|(_, source)| source).collect()
}

/// What a text would use if it were the file at `path`.
pub(super) fn uses_of(path: &str, text: &str) -> Uses {
    Reader::of(path, text).finished()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
}

/// `#[cfg(test)] mod name;`, or with `#[path = "…"]`.
#[derive(Debug)]
struct TestModule {
    name: String,
    path: Option<String>,
}

fn test_file(declared_in: &Path, module: &TestModule) -> PathBuf {
    let beside = declared_in.parent().unwrap();
    if let Some(path) = &module.path {
        return beside.join(path);
    }
    let is_root = declared_in.file_stem().is_some_and(|stem| stem == "mod" || stem == "lib" || stem == "main");
    let folder = if is_root { beside.to_owned() } else { declared_in.with_extension("") };
    let file = folder.join(format!("{}.rs", module.name));
    if file.exists() { file } else { folder.join(&module.name).join("mod.rs") }
}

/// `src/app/update/mod.rs` is `crate::app::update`.
fn module_of(path: &str) -> Vec<String> {
    let inside = path.trim_start_matches("src/").trim_end_matches(".rs");
    let parts = inside.split('/').filter(|part| !["mod", "lib", "main"].contains(part));
    std::iter::once("crate").chain(parts).map(str::to_owned).collect()
}

struct Reader {
    module: Vec<String>,
    uses: Uses,
    test_modules: Vec<TestModule>,
}

type Tokens = Peekable<IntoIter>;

impl Reader {
    fn of(path: &str, text: &str) -> Self {
        let mut reader = Self { module: module_of(path), uses: Vec::new(), test_modules: Vec::new() };
        let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("{path}: {error}"));
        reader.walk(tokens);
        reader
    }

    fn finished(mut self) -> Uses {
        self.uses.sort();
        self.uses.dedup();
        self.uses
    }

    fn walk(&mut self, tokens: TokenStream) {
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Punct(mark) if mark.as_char() == '#' => self.attribute(&mut tokens),
                TokenTree::Group(group) => self.walk(group.stream()),
                TokenTree::Ident(word) if word == "use" => self.tree(&mut tokens, &[]),
                TokenTree::Ident(word) if word == "mod" => self.inline_module(&mut tokens),
                TokenTree::Ident(word) if word == "async" || word == "await" => self.uses.push(vec!["async".to_owned()]),
                TokenTree::Ident(word) => {
                    let path = rest_of_path(word.to_string(), &mut tokens);
                    if path.len() > 1 {
                        self.note(&path);
                    }
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }

    fn attribute(&mut self, tokens: &mut Tokens) {
        let Some(TokenTree::Group(attribute)) = tokens.next_if(|token| matches!(token, TokenTree::Group(_))) else { return };
        if ["cfg (test)", "cfg(test)", "test"].contains(&attribute.stream().to_string().as_str()) {
            self.skip_item(tokens);
        } else {
            self.walk(attribute.stream());
        }
    }

    /// To the end of the item, statement or member that an attribute is about.
    fn skip_item(&mut self, tokens: &mut Tokens) {
        let (mut words, mut path) = (Vec::new(), None);
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Ident(word) => words.push(word.to_string()),
                TokenTree::Punct(mark) if mark.as_char() == '#' => {
                    if let Some(TokenTree::Group(attribute)) = tokens.next() {
                        path = path.or(path_attribute(attribute.stream()));
                    }
                }
                TokenTree::Punct(mark) if mark.as_char() == ';' => {
                    let at = words.iter().position(|word| word == "mod");
                    if let Some(name) = at.and_then(|at| words.get(at + 1)) {
                        self.test_modules.push(TestModule { name: name.clone(), path });
                    }
                    return;
                }
                TokenTree::Punct(mark) if mark.as_char() == ',' && words.len() < 3 => return,
                // An import and a constant end with their semicolon.
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                    if !words.iter().any(|word| ["use", "const", "static", "let", "type"].contains(&word.as_str()))
                        || words.iter().any(|word| word == "fn")
                    {
                        return;
                    }
                }
                TokenTree::Group(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }

    fn inline_module(&mut self, tokens: &mut Tokens) {
        let Some(TokenTree::Ident(name)) = tokens.next() else { return };
        if let Some(TokenTree::Group(body)) = tokens.next_if(|token| matches!(token, TokenTree::Group(_))) {
            self.module.push(name.to_string());
            self.walk(body.stream());
            self.module.pop();
        }
    }

    /// The tree of an import behind `before`, up to the semicolon or comma that ends it.
    fn tree(&mut self, tokens: &mut Tokens, before: &[String]) {
        let mut path = before.to_vec();
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Ident(word) if word == "as" => drop(tokens.next()),
                TokenTree::Ident(word) => path.push(word.to_string()),
                TokenTree::Punct(mark) if mark.as_char() == ';' => break,
                TokenTree::Punct(mark) if mark.as_char() == ',' => {
                    self.note(&path);
                    path = before.to_vec();
                }
                TokenTree::Group(group) => {
                    self.tree(&mut group.stream().into_iter().peekable(), &path);
                    path = Vec::new();
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
        if path.len() > before.len() || before.is_empty() {
            self.note(&path);
        }
    }

    fn note(&mut self, segments: &[String]) {
        let Some((first, rest)) = segments.split_first() else { return };
        let mut path = match first.as_str() {
            "self" => self.module.clone(),
            "super" => self.module[..self.module.len().saturating_sub(1)].to_vec(),
            // One library under three names.
            "std" | "core" | "alloc" => vec!["std".to_owned()],
            // The program, a library, or something in scope: the table of libraries says which.
            name => vec![name.to_owned()],
        };
        for segment in rest {
            match segment.as_str() {
                "super" => drop(path.pop()),
                "self" => {}
                name => path.push(name.to_owned()),
            }
        }
        let asks = |kinds: &[&str]| kinds.contains(&path[path.len().saturating_sub(2)].as_str());
        if path.last().is_some_and(|last| last == "now") && asks(&["Timestamp", "Zoned", "Instant", "SystemTime"]) {
            self.uses.push(vec!["clock".to_owned()]);
        }
        self.uses.push(path);
    }
}

/// The text of `path = "…"`.
fn path_attribute(tokens: TokenStream) -> Option<String> {
    let text = tokens.to_string();
    let value = text.strip_prefix("path")?.trim_start().strip_prefix('=')?;
    Some(value.trim().trim_matches('"').to_owned())
}

/// The names behind the first one, with `::` between them.
fn rest_of_path(first: String, tokens: &mut Tokens) -> Vec<String> {
    let is_colon = |token: &TokenTree| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ':');
    let mut path = vec![first];
    while tokens.next_if(is_colon).is_some() {
        if tokens.next_if(is_colon).is_none() {
            break;
        }
        match tokens.next_if(|token| matches!(token, TokenTree::Ident(_))) {
            Some(TokenTree::Ident(name)) => path.push(name.to_string()),
            _ => break,
        }
    }
    path
}
