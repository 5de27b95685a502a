//! The texts by which a report names the VM or service that its steps change.

use super::{Credential, Environment};

impl Environment {
    /// Returns the VM or service that steps change, as `web-1 (zone us-central1-a, project
    /// shop-prod)`. Returns `None` if the name is unknown, or if the program does not use the
    /// service account that is attached to the VM or service.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::{Credential, Environment, Platform};
    ///
    /// let vm = Environment::new(Platform::ComputeEngine, Credential::MetadataServer)
    ///     .with_instance("web-1")?;
    /// assert_eq!(vm.place(), Some("web-1".to_owned()));
    /// # Ok::<(), gcp_scopes_explain::Error>(())
    /// ```
    #[must_use]
    pub fn place(&self) -> Option<String> {
        if self.credential() != Credential::MetadataServer {
            return None;
        }
        let zone = self.zone().map(|zone| format!("zone {zone}"));
        let region = self.location().map(str::to_owned);
        let project = self.project().map(|project| format!("project {project}"));
        match (self.instance(), self.resource()) {
            (Some(vm), None) => Some(format!("{vm}{}", in_brackets([zone, project]))),
            (_, Some(name)) => Some(format!("{name}{}", in_brackets([region, project]))),
            (None, None) => None,
        }
    }

    /// Returns the line that precedes the steps of a report. It names the [`place`](Self::place),
    /// if that is known.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::{Credential, Environment, Platform};
    ///
    /// let vm = Environment::new(Platform::ComputeEngine, Credential::MetadataServer)
    ///     .with_instance("web-1")?;
    /// assert_eq!(vm.steps_heading(), "What to do for web-1:");
    /// # Ok::<(), gcp_scopes_explain::Error>(())
    /// ```
    #[must_use]
    pub fn steps_heading(&self) -> String {
        self.place()
            .map_or_else(|| "What to do:".to_owned(), |place| format!("What to do for {place}:"))
    }
}

/// Joins the known parts in brackets, after a space. Returns an empty text if no part is known.
fn in_brackets(parts: [Option<String>; 2]) -> String {
    let known: Vec<String> = parts.into_iter().flatten().collect();
    if known.is_empty() { String::new() } else { format!(" ({})", known.join(", ")) }
}
