//! Values that several commands take: schemes, forms, layouts, columns.

use clap::builder::PossibleValuesParser;
use idgen::layout::Layout;
use idgen::text::Form;

pub(crate) fn scheme_names() -> PossibleValuesParser {
    let names = idgen::catalog().iter().map(|entry| {
        let name: &'static str = entry.scheme.name.as_str();
        clap::builder::PossibleValue::new(name).help(entry.about)
    });
    PossibleValuesParser::new(names)
}

pub(crate) fn form_names() -> PossibleValuesParser {
    PossibleValuesParser::new(Form::ALL.iter().map(|form| form.name()).chain(["native"]))
}

/// A column's name, perhaps with its table's: nothing that would end the clause.
pub(crate) fn column(name: &str) -> Result<String, String> {
    let plain = |part: &str| {
        part.starts_with(|first: char| first.is_alphabetic() || first == '_')
            && part.chars().all(|other| other.is_alphanumeric() || other == '_')
    };
    if name.split('.').all(plain) {
        Ok(name.to_owned())
    } else {
        Err("write a column as id or orders.id, of letters, digits and _".to_owned())
    }
}

/// The form of this name; `None` for the scheme's own.
pub(crate) fn form(name: &str) -> Option<Form> {
    name.parse().ok()
}

pub(crate) fn layout(text: &str) -> Result<Layout, String> {
    text.parse().map_err(|error: idgen::layout::LayoutError| error.to_string())
}
