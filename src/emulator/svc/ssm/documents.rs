//! Documents of the account: the preferences of Session Manager are one.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Region, check};
use crate::emulator::wire::error::ServiceError;

/// One document, in its first version.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// `SSM-SessionManagerRunShell`.
    pub name: String,
    /// When it was made.
    pub created: Timestamp,
    /// JSON text.
    pub content: String,
}

/// The input of `GetDocument`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Get {
    name: Option<String>,
    document_version: Option<String>,
    document_format: Option<String>,
}

/// `GetDocument`. Session documents are kept, and given, as JSON.
pub(super) fn get(region: &Region, request: &Get) -> Result<Value, ServiceError> {
    let name = check::text(request.name.as_deref(), "name", 128)?;
    if let Some(format) = request.document_format.as_deref() {
        check::word(format, "documentFormat", &["YAML", "JSON", "TEXT"])?;
    }
    let document = region
        .documents
        .iter()
        .find(|document| document.name == name)
        .ok_or_else(|| ServiceError::new(400, "InvalidDocument", format!("Document with name {name} does not exist.")))?;
    if !matches!(request.document_version.as_deref(), None | Some("$DEFAULT" | "$LATEST" | "1")) {
        return Err(ServiceError::new(400, "InvalidDocumentVersion", "The document version is not valid or does not exist."));
    }
    Ok(json!({
        "Name": document.name,
        "CreatedDate": document.created.as_second(),
        "DocumentVersion": "1",
        "Status": "Active",
        "Content": document.content,
        "DocumentType": "Session",
        "DocumentFormat": "JSON",
    }))
}
