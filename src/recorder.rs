//! Records which methods a program calls, and computes the scopes that are sufficient for them.
//!
//! Run the service or its tests with a recorder, and then read the results:
//!
//! ```
//! # #[cfg(feature = "catalog-full")] {
//! use gcp_scopes::Guard;
//! use gcp_scopes::catalog::ApiMethod;
//!
//! let guard = Guard::builder().build();
//! let recorder = guard.recorder(); // records from here on
//! // … the program calls Google through `guard.layer()` or `guard.middleware()` …
//! # recorder.record(ApiMethod::by_id("storage.objects.get")?);
//! # recorder.record(ApiMethod::by_id("storage.objects.insert")?);
//! assert_eq!(recorder.scopes_flag(), "--scopes=storage-rw");
//! println!("{recorder}");
//! # }
//! # Ok::<(), gcp_scopes::Error>(())
//! ```
//!
//! 1. The recorder stores only methods: no bucket, object or project, and no token.
//! 2. The recorder stores at most 512 methods. It allocates one bit per method of the catalog when
//!    it is created, and nothing per call.
//! 3. If there is no recorder, a call costs one additional branch.
//! 4. [`Recorder::write_needs`] writes the methods to a needs file, `gcp-needs.json`, which is kept
//!    with the code. A test compares a run with the file ([`Recorder::require_needs`]). A
//!    [self-check](crate::self_check::SelfCheck::needs_of) compares the file with a token. The
//!    command `gcp-scopes check` compares the file with a Terraform plan.
//! 5. Methods that were not called during the recording are missing: rarely used code paths of a
//!    service may need more scopes.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::{fmt, fs, io};

use gcp_scopes_catalog::{least_scopes, narrowest_first, recommended_scopes};
use gcp_scopes_explain::remedy::smallest_role;
use gcp_scopes_needs::{NeedsFile, permissions_of};
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::catalog::ApiMethod;
use crate::error::Error;
use crate::guard::Guard;
use crate::recording::{MAX_METHODS, Recording};
use crate::remedy::scopes_flag;
use crate::scope::{Scope, ScopeSet};

/// The methods that were called through a guard since the first call of
/// [`Guard::recorder`](crate::Guard::recorder).
///
/// A recorder is cheap to clone. `Display` prints a report for people. The `serde` value contains
/// methods by id and scopes as full URIs, the narrowest scope first.
///
/// ```
/// use gcp_scopes::catalog::ApiMethod;
///
/// let recorder = gcp_scopes::Guard::builder().build().recorder();
/// // … a run that queries BigQuery and reads an object …
/// # recorder.record(ApiMethod::by_id("storage.objects.get")?);
/// # recorder.record(ApiMethod::by_id("bigquery.jobs.query")?);
/// assert_eq!(recorder.methods().len(), 2);
/// println!("{recorder}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Recorder(Arc<Recording>);

impl Guard {
    /// Starts recording the methods that are called through this guard: see
    /// [`recorder`](crate::recorder). Every call returns the same recorder.
    ///
    /// ```
    /// let guard = gcp_scopes::Guard::builder().build();
    /// let recorder = guard.recorder();
    /// // … calls through `guard.layer()` or `guard.middleware()` …
    /// assert!(recorder.methods().is_empty() && guard.recorder().methods().is_empty());
    /// ```
    #[must_use]
    pub fn recorder(&self) -> Recorder {
        Recorder::new(Arc::clone(self.recording()))
    }

    fn recording(&self) -> &Arc<Recording> {
        let catalog = self.state().endpoints.catalog();
        self.state().recording.get_or_init(|| Arc::new(Recording::new(catalog)))
    }
}

impl Recorder {
    pub(crate) fn new(recording: Arc<Recording>) -> Self {
        Self(recording)
    }

    /// Adds a method that was not called through the guard, for example a method that the service
    /// rarely calls.
    ///
    /// ```
    /// use gcp_scopes::catalog::ApiMethod;
    ///
    /// let recorder = gcp_scopes::Guard::builder().build().recorder();
    /// // … a run that queries BigQuery and reads an object …
    /// # recorder.record(ApiMethod::by_id("storage.objects.get")?);
    /// # recorder.record(ApiMethod::by_id("bigquery.jobs.query")?);
    /// let rarely_called = ApiMethod::by_id("pubsub.projects.topics.publish")?;
    /// recorder.record(rarely_called);
    /// assert_eq!(recorder.methods().len(), 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn record(&self, method: ApiMethod) {
        self.0.add(method);
    }

    /// Returns the recorded methods, sorted by id.
    ///
    /// ```
    /// use gcp_scopes::catalog::ApiMethod;
    ///
    /// let recorder = gcp_scopes::Guard::builder().build().recorder();
    /// // … a run that queries BigQuery and reads an object …
    /// # recorder.record(ApiMethod::by_id("storage.objects.get")?);
    /// # recorder.record(ApiMethod::by_id("bigquery.jobs.query")?);
    /// let ids: Vec<&str> = recorder.methods().iter().map(|method| method.id()).collect();
    /// assert_eq!(ids, ["bigquery.jobs.query", "storage.objects.get"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn methods(&self) -> Vec<ApiMethod> {
        let mut methods: Vec<ApiMethod> = self.0.methods().collect();
        methods.sort_by_key(ApiMethod::id);
        methods
    }

    /// Returns whether more methods were called than a recorder can store.
    ///
    /// ```
    /// use gcp_scopes::catalog::ApiMethod;
    ///
    /// let recorder = gcp_scopes::Guard::builder().build().recorder();
    /// // … a run that queries BigQuery and reads an object …
    /// # recorder.record(ApiMethod::by_id("storage.objects.get")?);
    /// # recorder.record(ApiMethod::by_id("bigquery.jobs.query")?);
    /// assert!(!recorder.is_truncated());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        self.0.is_truncated.load(Ordering::Relaxed)
    }

    /// Returns whether a method was called that the catalog does not contain. If so, the computed
    /// scopes may be insufficient.
    ///
    /// ```
    /// use gcp_scopes::catalog::ApiMethod;
    ///
    /// let recorder = gcp_scopes::Guard::builder().build().recorder();
    /// // … a run that queries BigQuery and reads an object …
    /// # recorder.record(ApiMethod::by_id("storage.objects.get")?);
    /// # recorder.record(ApiMethod::by_id("bigquery.jobs.query")?);
    /// assert!(!recorder.has_unnamed_calls());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn has_unnamed_calls(&self) -> bool {
        self.0.missed.load(Ordering::Relaxed)
    }

    /// Returns a smallest sufficient set of scopes: the narrowest scope of each method, without the
    /// scopes that other scopes in the set make unnecessary. A method for which Google lists no
    /// scopes adds no scope. A method that needs several scopes together adds all of them.
    ///
    /// ```
    /// use gcp_scopes::catalog::ApiMethod;
    ///
    /// let recorder = gcp_scopes::Guard::builder().build().recorder();
    /// // … a run that queries BigQuery and reads an object …
    /// # recorder.record(ApiMethod::by_id("storage.objects.get")?);
    /// # recorder.record(ApiMethod::by_id("bigquery.jobs.query")?);
    /// let least = recorder.least_scopes();
    /// let names: Vec<String> = least.iter().map(|scope| scope.short().to_owned()).collect();
    /// assert_eq!(names, ["bigquery", "devstorage.read_only"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn least_scopes(&self) -> ScopeSet {
        least_scopes(&self.accepted()).into_iter().collect()
    }

    /// Returns the scopes that Google recommends: `cloud-platform`, which leaves access control to
    /// IAM roles, and scopes for the methods that do not accept `cloud-platform`. If no method
    /// accepts `cloud-platform`, the set does not contain it. Source:
    /// <https://docs.cloud.google.com/compute/docs/access/service-accounts#accesscopesiam>
    ///
    /// ```
    /// use gcp_scopes::catalog::ApiMethod;
    ///
    /// let recorder = gcp_scopes::Guard::builder().build().recorder();
    /// // … a run that queries BigQuery and reads an object …
    /// # recorder.record(ApiMethod::by_id("storage.objects.get")?);
    /// # recorder.record(ApiMethod::by_id("bigquery.jobs.query")?);
    /// let cloud_platform = gcp_scopes::Scope::cloud_platform();
    /// assert_eq!(recorder.recommended_scopes(), [cloud_platform].into_iter().collect());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn recommended_scopes(&self) -> ScopeSet {
        recommended_scopes(&self.accepted(), None)
    }

    /// Returns [`least_scopes`](Self::least_scopes) as a flag of `gcloud compute instances create`
    /// and similar commands. The flag replaces all scopes of a VM: add the scopes that other
    /// programs on the VM need.
    ///
    /// ```
    /// use gcp_scopes::catalog::ApiMethod;
    ///
    /// let recorder = gcp_scopes::Guard::builder().build().recorder();
    /// // … a run that queries BigQuery and reads an object …
    /// # recorder.record(ApiMethod::by_id("storage.objects.get")?);
    /// # recorder.record(ApiMethod::by_id("bigquery.jobs.query")?);
    /// assert_eq!(recorder.scopes_flag(), "--scopes=bigquery,storage-ro");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn scopes_flag(&self) -> String {
        format!("--scopes={}", scopes_flag(&self.least_scopes()))
    }

    /// Returns the methods as source code for a [self-check](crate::self_check). Empty if no method
    /// was called.
    ///
    /// ```
    /// use gcp_scopes::catalog::ApiMethod;
    ///
    /// let recorder = gcp_scopes::Guard::builder().build().recorder();
    /// // … a run that queries BigQuery and reads an object …
    /// # recorder.record(ApiMethod::by_id("storage.objects.get")?);
    /// # recorder.record(ApiMethod::by_id("bigquery.jobs.query")?);
    /// let expected = concat!(
    ///     "    .needs(\"bigquery.jobs.query\")\n",
    ///     "    .needs(\"storage.objects.get\")\n",
    /// );
    /// assert_eq!(recorder.self_check_lines(), expected);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn self_check_lines(&self) -> String {
        let lines = self.methods().into_iter().map(|method| format!("    .needs(\"{method}\")\n"));
        lines.collect()
    }

    /// Returns the recorded methods as a needs file.
    ///
    /// ```
    /// let recorder = gcp_scopes::Guard::builder().build().recorder();
    /// // … calls through `guard.layer()` or `guard.middleware()` …
    /// println!("{}", recorder.needs());
    /// # assert!(recorder.needs().needs().is_empty());
    /// ```
    #[must_use]
    pub fn needs(&self) -> NeedsFile {
        NeedsFile::from_methods(self.methods())
    }

    /// Writes the recorded methods to a needs file. Methods that are in the file stay, with the
    /// resources that people wrote. A file that lacks no method is not written.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read or written, or is not a needs file.
    ///
    /// ```no_run
    /// let recorder = gcp_scopes::Guard::builder().build().recorder();
    /// // … the tests of the service …
    /// recorder.write_needs("gcp-needs.json")?;
    /// # Ok::<(), gcp_scopes::Error>(())
    /// ```
    pub fn write_needs(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let (path, mut needs) = (path.as_ref(), self.needs());
        let failed = |error: io::Error| {
            Error::invalid(format!("the needs file {} cannot be used: {error}", path.display()))
        };
        match fs::read_to_string(path) {
            Ok(text) => {
                let file = NeedsFile::parse(&text)?;
                if file.require(&needs).is_ok() {
                    return Ok(());
                }
                needs = file.merge(&needs);
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        fs::write(path, needs.to_string()).map_err(failed)
    }

    /// Checks that a needs file contains every recorded method.
    ///
    /// # Errors
    /// Returns an error whose message contains the lines to add to the file.
    ///
    /// ```
    /// let recorder = gcp_scopes::Guard::builder().build().recorder();
    /// // … the tests of the service; in a program: `include_str!("gcp-needs.json")` …
    /// # #[cfg(feature = "catalog-full")]
    /// recorder.require_needs(r#"{"needs": [{"method": "storage.objects.get"}]}"#)?;
    /// # Ok::<(), gcp_scopes::Error>(())
    /// ```
    pub fn require_needs(&self, file: impl AsRef<str>) -> Result<(), Error> {
        Ok(NeedsFile::parse(file.as_ref())?.require(&self.needs())?)
    }

    /// Returns sets of scopes. The recorded methods need one scope of each set.
    fn accepted(&self) -> Vec<ScopeSet> {
        self.methods().iter().flat_map(ApiMethod::scope_sets).collect()
    }

    /// Returns the IAM permissions that the recorded methods always need, without duplicates.
    fn permissions(&self) -> BTreeSet<&'static str> {
        self.methods().into_iter().flat_map(permissions_of).collect()
    }
}

impl fmt::Display for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let methods = self.methods();
        if methods.is_empty() {
            return f.write_str("no call of a Google API was recorded yet\n");
        }
        writeln!(f, "{} methods of Google APIs were called:", methods.len())?;
        for method in &methods {
            let remark = if method.accepted().is_empty() { NOT_LISTED } else { "" };
            writeln!(f, "  {method}{remark}")?;
        }
        if self.is_truncated() {
            writeln!(f, "  and others: the recorder keeps at most {MAX_METHODS} methods")?;
        }
        if self.has_unnamed_calls() {
            writeln!(f, "  and at least one method that the catalog does not contain")?;
        }
        writeln!(f, "\nThe smallest set of scopes that is enough:\n  {}", self.scopes_flag())?;
        let recommended = self.recommended_scopes();
        if recommended.contains(&Scope::cloud_platform()) {
            writeln!(f, "Google recommends this scope instead, with access limited by IAM roles:")?;
            writeln!(f, "  --scopes={}", scopes_flag(&recommended))?;
        }
        let permissions = self.permissions();
        if !permissions.is_empty() {
            writeln!(f, "\nIAM permissions that these calls always need, with the smallest role:")?;
        }
        for permission in permissions {
            let role = smallest_role(permission).unwrap_or(ROLE_NOT_KNOWN);
            writeln!(f, "  {permission}  {role}")?;
        }
        write!(
            f,
            "\nTo check at start-up that the token has these scopes:\n  guard.self_check()\n{}",
            self.self_check_lines()
        )
    }
}

const ROLE_NOT_KNOWN: &str = "(see docs.cloud.google.com/iam/docs/roles-permissions)";
const NOT_LISTED: &str = "  (Google lists no scopes for it)";

impl Serialize for Recorder {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ids: Vec<&str> = self.methods().iter().map(ApiMethod::id).collect();
        let list = |scopes: &ScopeSet| -> Vec<Scope> { narrowest_first(scopes) };
        // Programs read these keys, so a key keeps its name when the function behind it gets
        // another.
        let mut value = serializer.serialize_struct("Recorder", 6)?;
        value.serialize_field("methods", &ids)?;
        value.serialize_field("least", &list(&self.least_scopes()))?;
        value.serialize_field("recommended", &list(&self.recommended_scopes()))?;
        value.serialize_field("scopes_flag", &self.scopes_flag())?;
        value.serialize_field("is_cut_off", &self.is_truncated())?;
        value.serialize_field("missed_a_call", &self.has_unnamed_calls())?;
        value.end()
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Recorder").field(&self.methods()).finish()
    }
}

#[cfg(all(test, feature = "catalog-full"))]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    fn recorder() -> Recorder {
        Recorder::new(Arc::new(Recording::new(Catalog::built_in())))
    }

    fn method_at(index: usize) -> Option<ApiMethod> {
        Catalog::built_in().method_at(index)
    }

    #[test]
    fn at_most_512_methods_are_recorded() {
        let recorder = recorder();
        let at = |index| method_at(index).unwrap();
        // Every seventh method of the catalog is recorded twice, and counts once.
        for number in 0..MAX_METHODS {
            recorder.record(at(number * 7));
            recorder.record(at(number * 7));
        }
        assert_eq!((recorder.methods().len(), recorder.is_truncated()), (MAX_METHODS, false));
        // The method at index 1 is one too many; the method at index 7 is recorded already.
        recorder.record(at(1));
        recorder.record(at(7));
        assert_eq!((recorder.methods().len(), recorder.is_truncated()), (MAX_METHODS, true));
    }

    #[test]
    fn the_scopes_are_enough_for_every_recorded_method() {
        // The methods, the least scopes, and whether Google recommends `cloud-platform` for them.
        let both = "googlehealth.activity_and_fitness.readonly googlehealth.location.readonly";
        let rows: [(&[&str], &str, bool); 3] = [
            (&["drive.files.list"], "drive.readonly", false),
            (
                &["drive.files.list", "pubsub.projects.topics.publish"],
                "drive.readonly pubsub",
                true,
            ),
            (&["health.users.dataTypes.dataPoints.exportExerciseTcx"], both, false),
        ];
        for (ids, least, is_cloud) in rows {
            let recorder = recorder();
            ids.iter().for_each(|id| recorder.record(ApiMethod::by_id(id).unwrap()));
            let least: ScopeSet =
                least.split(' ').map(|name| name.parse::<Scope>().unwrap()).collect();
            assert_eq!(recorder.least_scopes(), least, "{ids:?}");
            let platform = Scope::cloud_platform();
            assert_eq!(recorder.recommended_scopes().contains(&platform), is_cloud, "{ids:?}");
            assert_eq!(recorder.to_string().contains("cloud-platform"), is_cloud, "{recorder}");
        }
    }

    #[test]
    fn a_method_index_outside_the_catalog_is_not_recorded() {
        let recorder = recorder();
        method_at(u32::MAX as usize).into_iter().for_each(|method| recorder.record(method));
        assert!(recorder.methods().is_empty());
    }

    #[test]
    fn concurrent_threads_count_a_method_once() {
        let recorder = recorder();
        let at = |index| method_at(index).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..MAX_METHODS / 2).for_each(|index| recorder.record(at(index))));
            }
        });
        assert!(!recorder.is_truncated() && recorder.methods().len() == MAX_METHODS / 2);
        assert_eq!(recorder.0.count.load(Ordering::Relaxed), MAX_METHODS / 2);
    }
}
