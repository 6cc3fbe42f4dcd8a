//! The modules of `src/` are in the order that ARCHITECTURE.md gives: a file imports
//! only from its own module and from modules above it in that list, and no two files
//! import each other, directly or through others. Each name of a type or file is used once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::Visit;
use walkdir::WalkDir;

/// The heading under which ARCHITECTURE.md lists the modules.
const HEADING: &str = "## Modules, in their order";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The modules in their order, from the first column of ARCHITECTURE.md's table.
fn order() -> Vec<String> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let section = text.split(HEADING).nth(1).expect("ARCHITECTURE.md lists the modules");
    let section = section.split("\n## ").next().unwrap_or_default();
    let name = |line: &str| {
        let cell = line.strip_prefix("| `")?.split('`').next()?;
        Some(cell.trim_end_matches('/').trim_end_matches(".rs").to_owned())
    };
    section.lines().filter_map(name).collect()
}

/// `src/run/plan.rs` is `["run", "plan"]`, `src/run/mod.rs` is `["run"]`.
fn module_of(path: &Path) -> Vec<String> {
    let relative = path.strip_prefix(root().join("src")).unwrap().with_extension("");
    let mut parts: Vec<String> =
        relative.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if parts.last().is_some_and(|last| last == "mod") {
        parts.pop();
    }
    parts
}

/// The files of the library but for its tests, by module path.
fn files() -> BTreeMap<Vec<String>, PathBuf> {
    WalkDir::new(root().join("src"))
        .into_iter()
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .filter(|path| {
            let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
            !stem.ends_with("tests") && !["lib", "main"].contains(&stem.as_str())
        })
        .map(|path| (module_of(&path), path))
        .collect()
}

/// Collects the paths of one file that begin with `crate` or `super`, each as an
/// absolute module path.
struct Paths {
    module: Vec<String>,
    found: BTreeSet<Vec<String>>,
}

impl Paths {
    fn add(&mut self, path: &[String]) {
        let mut rest = path;
        let mut absolute = match rest.first().map(String::as_str) {
            Some("crate") => Vec::new(),
            Some("super" | "self") => self.module.clone(),
            _ => return,
        };
        if absolute.is_empty() {
            rest = &rest[1..];
        }
        while let Some(first) =
            rest.first().filter(|part| ["super", "self"].contains(&part.as_str()))
        {
            if first == "super" {
                absolute.pop();
            }
            rest = &rest[1..];
        }
        absolute.extend(rest.iter().cloned());
        self.found.insert(absolute);
    }

    fn add_tree(&mut self, prefix: &[String], tree: &syn::UseTree) {
        let with = |name: &syn::Ident| [prefix, &[name.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.add_tree(&with(&path.ident), &path.tree),
            syn::UseTree::Name(name) => self.add(&with(&name.ident)),
            syn::UseTree::Rename(rename) => self.add(&with(&rename.ident)),
            syn::UseTree::Glob(_) => self.add(prefix),
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.add_tree(prefix, tree);
                }
            }
        }
    }
}

fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
    })
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_for_tests(&item.attrs) {
            self.module.push(item.ident.to_string());
            syn::visit::visit_item_mod(self, item);
            self.module.pop();
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !is_for_tests(&item.attrs) {
            self.add_tree(&[], &item.tree);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let path_parts: Vec<String> =
            path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.add(&path_parts);
        syn::visit::visit_path(self, path);
    }

    /// The input of a macro is not a syntax tree yet: its paths are found in its text.
    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        let text = item.tokens.to_string().replace(" :: ", "::");
        let parts = |word: &str| word.split("::").map(str::to_owned).collect::<Vec<_>>();
        for word in text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')) {
            if word.starts_with("crate::") || word.starts_with("super::") {
                self.add(&parts(word));
            }
        }
    }
}

/// Which files each file imports from.
fn imports() -> BTreeMap<Vec<String>, BTreeSet<Vec<String>>> {
    let files = files();
    let imports_of = |(module, path): (&Vec<String>, &PathBuf)| {
        let text = fs::read_to_string(path).unwrap();
        let parsed = syn::parse_file(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let mut paths = Paths { module: module.clone(), found: BTreeSet::new() };
        paths.visit_file(&parsed);
        let file_of = |path: &Vec<String>| {
            (1..=path.len()).rev().map(|n| path[..n].to_vec()).find(|m| files.contains_key(m))
        };
        let others = paths.found.iter().filter_map(file_of).filter(|other| other != module);
        (module.clone(), others.collect())
    };
    files.iter().map(imports_of).collect()
}

fn file_name(module: &[String]) -> String {
    format!("src/{}.rs", module.join("/"))
}

#[test]
fn every_module_is_listed() {
    let listed: BTreeSet<String> = order().into_iter().collect();
    let found: BTreeSet<String> = files().keys().map(|module| module[0].clone()).collect();
    assert_eq!(listed, found, "ARCHITECTURE.md, '{HEADING}', against src/");
}

#[test]
fn no_import_runs_upwards() {
    let order = order();
    let rank = |module: &[String]| order.iter().position(|listed| *listed == module[0]);
    let mut wrong = Vec::new();
    for (module, others) in imports() {
        for other in others.iter().filter(|other| rank(other) > rank(&module)) {
            wrong.push(format!("{} imports from {}", file_name(&module), file_name(other)));
        }
    }
    assert!(wrong.is_empty(), "imports that run upwards:\n{}", wrong.join("\n"));
}

#[test]
fn no_files_import_each_other() {
    let imports = imports();
    let mut done = BTreeSet::new();
    for module in imports.keys() {
        let mut way = Vec::new();
        if let Some(circle) = circle(module, &imports, &mut way, &mut done) {
            let names: Vec<String> = circle.iter().map(|module| file_name(module)).collect();
            panic!("a circle: {}", names.join(" -> "));
        }
    }
}

#[test]
fn unsafe_code_stays_in_the_runtimes() {
    for (module, path) in files().iter().filter(|(module, _)| module[0] != "runtime") {
        let text = fs::read_to_string(path).unwrap();
        let code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
        let found =
            code.filter(|line| line.split_whitespace().any(|word| word == "unsafe")).count();
        assert_eq!(found, 0, "{} has unsafe code; it belongs into src/runtime/", file_name(module));
    }
}

#[test]
fn files_are_neither_long_nor_scraps() {
    for entry in WalkDir::new(root().join("src")) {
        let path = entry.unwrap().into_path();
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        let is_face = ["mod.rs", "main.rs"].iter().any(|name| path.ends_with(name));
        assert!(lines <= 400, "{} has {lines} lines; split it", path.display());
        assert!(
            is_face || lines >= 20,
            "{} has {lines} lines; join it with another",
            path.display()
        );
    }
}

/// Names of the types that a file defines, but for those of its tests.
#[derive(Default)]
struct TypeNames(Vec<String>);

impl<'ast> Visit<'ast> for TypeNames {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        match item {
            syn::Item::Mod(module) if is_for_tests(&module.attrs) => return,
            syn::Item::Struct(item) => self.0.push(item.ident.to_string()),
            syn::Item::Enum(item) => self.0.push(item.ident.to_string()),
            syn::Item::Trait(item) => self.0.push(item.ident.to_string()),
            syn::Item::Type(item) => self.0.push(item.ident.to_string()),
            _ => {}
        }
        syn::visit::visit_item(self, item);
    }
}

#[test]
fn no_two_types_have_one_name() {
    let mut owners: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (module, path) in files() {
        let parsed = syn::parse_file(&fs::read_to_string(path).unwrap()).unwrap();
        let mut names = TypeNames::default();
        names.visit_file(&parsed);
        for name in names.0 {
            owners.entry(name).or_default().push(file_name(&module));
        }
    }
    assert_used_once(&owners, "type");
}

/// A file of `record/` may be called like the file that works on its data, and a command of
/// `cli/` like the module that does the work.
#[test]
fn no_two_modules_have_one_name() {
    let mut owners: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for module in files().keys() {
        let may_repeat = module.len() > 1 && ["record", "cli"].contains(&module[0].as_str());
        if let Some(name) = module.last().filter(|_| !may_repeat) {
            owners.entry(name.clone()).or_default().push(file_name(module));
        }
    }
    assert_used_once(&owners, "module");
}

fn assert_used_once(owners: &BTreeMap<String, Vec<String>>, what: &str) {
    let repeated = owners.iter().filter(|(_, files)| files.len() > 1);
    let lines: Vec<String> =
        repeated.map(|(name, files)| format!("{what} {name}: {}", files.join(", "))).collect();
    assert!(lines.is_empty(), "rename the vaguer one:\n{}", lines.join("\n"));
}

/// A circle that `module` leads into: depth first, `way` being the files so far.
fn circle(
    module: &Vec<String>,
    imports: &BTreeMap<Vec<String>, BTreeSet<Vec<String>>>,
    way: &mut Vec<Vec<String>>,
    done: &mut BTreeSet<Vec<String>>,
) -> Option<Vec<Vec<String>>> {
    if let Some(start) = way.iter().position(|before| before == module) {
        let mut circle = way[start..].to_vec();
        circle.push(module.clone());
        return Some(circle);
    }
    if !done.insert(module.clone()) {
        return None;
    }
    way.push(module.clone());
    for other in imports.get(module).into_iter().flatten() {
        if let Some(found) = circle(other, imports, way, done) {
            return Some(found);
        }
    }
    way.pop();
    None
}

/// The files that CONTRIBUTING.md says a backend takes outside its folder.
fn listed_for_a_backend() -> BTreeSet<String> {
    let text = fs::read_to_string(root().join("CONTRIBUTING.md")).unwrap();
    let section = text.split("## Add a backend").nth(1).expect("it says how to add a backend");
    let section = section.split("\n## ").next().unwrap_or_default();
    let name = |line: &str| Some(line.strip_prefix("| `")?.split('`').next()?.to_owned());
    section.lines().filter_map(name).collect()
}

#[test]
fn contributing_lists_every_file_that_names_a_backend() {
    // Its file format is recognised, whether or not there is a runtime that reads it.
    const NOT_THE_BACKEND: &str = "model/foreign.rs";
    let src = root().join("src");
    let named = WalkDir::new(&src).into_iter().map(|entry| entry.unwrap().into_path());
    let named = named.filter(|path| {
        let is_code = path.extension().is_some_and(|extension| extension != "toml");
        let text =
            if is_code { fs::read_to_string(path).unwrap_or_default() } else { String::new() };
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        code.to_lowercase().contains("openvino")
    });
    let named = named.map(|path| path.strip_prefix(&src).unwrap().to_string_lossy().into_owned());
    let outside = |path: &String| !path.starts_with("runtime/openvino/") && path != NOT_THE_BACKEND;
    assert_eq!(named.filter(outside).collect::<BTreeSet<_>>(), listed_for_a_backend());
}
