//! The servers: Google's API as a service in this process, and the metadata server of a VM on a
//! socket.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body::{Body, Frame};
use tower_service::Service;

use crate::BoxError;

/// A service that allows reads and refuses every other call for lack of scope. The bodies of its
/// responses never end.
#[derive(Clone)]
pub(crate) struct Google;

impl Service<Request<()>> for Google {
    type Response = Response<EndlessBody>;
    type Error = Infallible;
    type Future = Ready<Result<Response<EndlessBody>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        let refusal = b"{\"error\":{\"code\":403,\
            \"message\":\"Request had insufficient authentication scopes.\"}}";
        let mut response = Response::new(EndlessBody(Some(Bytes::from_static(refusal))));
        if request.method() != Method::GET {
            *response.status_mut() = StatusCode::FORBIDDEN;
        }
        ready(Ok(response))
    }
}

/// A body with one data frame and no end.
pub(crate) struct EndlessBody(Option<Bytes>);

impl Body for EndlessBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.take().map_or(Poll::Pending, |data| Poll::Ready(Some(Ok(Frame::data(data)))))
    }
}

/// Starts the metadata server of a VM on a new thread. Returns its host and port.
pub(crate) fn metadata_server() -> Result<String, BoxError> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let host = listener.local_addr()?.to_string();
    std::thread::spawn(move || {
        listener.incoming().flatten().for_each(|stream| drop(respond(stream)))
    });
    Ok(host)
}

/// Reads one request and responds to it.
fn respond(mut stream: TcpStream) -> std::io::Result<()> {
    // One read is enough: a request of the guard to this server is short and has no body.
    let mut request = [0; 4096];
    let length = stream.read(&mut request)?;
    let request = String::from_utf8_lossy(&request[..length]).into_owned();
    let path =
        request.split(' ').nth(1).unwrap_or_default().trim_start_matches("/computeMetadata/v1/");
    let (status, text) = match path {
        "project/project-id" => (200, "my-project"),
        "instance/name" => (200, "web-1"),
        "instance/zone" => (200, "projects/1/zones/us-central1-a"),
        "instance/service-accounts/default/email" => {
            (200, "1-compute@developer.gserviceaccount.com")
        }
        "instance/service-accounts/default/scopes" => {
            (200, "https://www.googleapis.com/auth/devstorage.read_only")
        }
        "instance/service-accounts/default/token" => (200, r#"{"access_token":"ya29.mine"}"#),
        _ => (404, "none"),
    };
    let length = text.len();
    write!(
        stream,
        "HTTP/1.1 {status} X\r\nmetadata-flavor: Google\r\ncontent-length: {length}\r\n\r\n{text}"
    )
}
