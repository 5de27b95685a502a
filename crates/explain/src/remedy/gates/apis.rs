//! Data: the hosts of APIs by their titles. Older responses contain the title of the API, not the
//! host.

/// The titles of APIs with their hosts. The first row whose title is in the message counts, so a
/// title that ends with another title precedes the shorter title. Source: the titles in Google's
/// Discovery directory, <https://www.googleapis.com/discovery/v1/apis>.
pub(super) static TITLES: &[(&str, &str)] = &[
    ("IAM Service Account Credentials API", "iamcredentials.googleapis.com"),
    ("Identity and Access Management (IAM) API", "iam.googleapis.com"),
    ("Cloud Resource Manager API", "cloudresourcemanager.googleapis.com"),
    ("Compute Engine API", "compute.googleapis.com"),
    ("Kubernetes Engine API", "container.googleapis.com"),
    ("Cloud Run Admin API", "run.googleapis.com"),
    ("Cloud Functions API", "cloudfunctions.googleapis.com"),
    ("Cloud Build API", "cloudbuild.googleapis.com"),
    ("Cloud SQL Admin API", "sqladmin.googleapis.com"),
    ("Cloud Pub/Sub API", "pubsub.googleapis.com"),
    ("Cloud Key Management Service (KMS) API", "cloudkms.googleapis.com"),
    ("Secret Manager API", "secretmanager.googleapis.com"),
    ("Artifact Registry API", "artifactregistry.googleapis.com"),
    ("BigQuery API", "bigquery.googleapis.com"),
    ("BigQuery Storage API", "bigquerystorage.googleapis.com"),
    ("Cloud Firestore API", "firestore.googleapis.com"),
    ("Cloud Logging API", "logging.googleapis.com"),
    ("Cloud Monitoring API", "monitoring.googleapis.com"),
    ("Cloud Translation API", "translate.googleapis.com"),
    ("Cloud Vision API", "vision.googleapis.com"),
    ("Cloud Natural Language API", "language.googleapis.com"),
    ("Cloud Speech-to-Text API", "speech.googleapis.com"),
    ("Cloud Text-to-Speech API", "texttospeech.googleapis.com"),
    ("Cloud DNS API", "dns.googleapis.com"),
    ("Vertex AI API", "aiplatform.googleapis.com"),
    ("Generative Language API", "generativelanguage.googleapis.com"),
    ("Admin SDK API", "admin.googleapis.com"),
    ("Apps Script API", "script.googleapis.com"),
    ("YouTube Data API v3", "youtube.googleapis.com"),
    ("People API", "people.googleapis.com"),
    ("Calendar API", "calendar-json.googleapis.com"),
    ("Drive API", "drive.googleapis.com"),
    ("Sheets API", "sheets.googleapis.com"),
    ("Docs API", "docs.googleapis.com"),
    ("Gmail API", "gmail.googleapis.com"),
];
