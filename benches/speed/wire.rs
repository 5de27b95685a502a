//! Times the guard's reqwest middleware in comparison with a whole call over loopback.

use std::future::Future;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use http::Extensions;
use reqwest::{Client, Request, Response};
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware, Middleware, Next, Result};

use crate::calls::{self, READS};
use crate::harness::{TimedCase, heading, measure, row};

/// The response to every request over loopback.
const RESPONSE: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";

/// Measures and prints the group `wire`.
pub(crate) fn print() {
    let guard = calls::guard([0], &calls::read_scopes());
    let builder = || ClientBuilder::new(Client::new());
    let mut cases = vec![
        loopback(serve()),
        in_memory("wire/client that answers itself", builder().with(Respond).build()),
        in_memory(
            "wire/the same, one middleware that does nothing",
            builder().with(PassOn).with(Respond).build(),
        ),
        in_memory("wire/the same, guard", builder().with(guard.middleware()).with(Respond).build()),
    ];
    let figures = measure(&mut cases);
    heading("reqwest-middleware");
    cases.iter().zip(&figures).for_each(|(case, figure)| row(case.name, figure, &figures[0]));
    let share = (figures[3].median - figures[1].median) / figures[0].median * 100.0;
    println!("the guard adds {share:.2} % to a call over loopback");
}

/// Creates a case that makes a whole call with reqwest to `server`.
fn loopback(server: SocketAddr) -> TimedCase {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let client = Client::new();
    let url = format!("http://{server}/storage/v1/b/my-bucket-name/o/part-0000.gz");
    let token = calls::token(0);
    TimedCase::new("wire/reqwest over loopback, no middleware", 1, move || {
        runtime.block_on(async {
            let response = client.get(&url).bearer_auth(&token).send().await.unwrap();
            response.bytes().await.unwrap().len()
        })
    })
}

/// Creates a case that makes a call with a client that uses no socket.
fn in_memory(name: &'static str, client: ClientWithMiddleware) -> TimedCase {
    let request = Client::new().get(READS[0]).bearer_auth(calls::token(0)).build().unwrap();
    TimedCase::new(name, 1, move || {
        let call = pin!(client.execute(request.try_clone().unwrap()));
        let response = call.poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(response, Poll::Ready(Ok(_))));
    })
}

/// A middleware that responds itself, and so takes the place of the HTTP client.
struct Respond;

#[async_trait::async_trait]
impl Middleware for Respond {
    async fn handle(&self, _: Request, _: &mut Extensions, _: Next<'_>) -> Result<Response> {
        Ok(http::Response::new("{}").into())
    }
}

/// A middleware that only passes the call on.
struct PassOn;

#[async_trait::async_trait]
impl Middleware for PassOn {
    async fn handle(
        &self,
        request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> Result<Response> {
        next.run(request, extensions).await
    }
}

/// Starts a server that responds to every request until the process ends, and returns its address.
fn serve() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || listener.incoming().flatten().for_each(serve_connection));
    address
}

/// Responds to the requests of one connection, which have no bodies and are not pipelined.
fn serve_connection(mut stream: TcpStream) {
    let (mut buffer, mut read) = ([0; 8192], 0);
    stream.set_nodelay(true).unwrap();
    while let Ok(count @ 1..) = stream.read(&mut buffer[read..]) {
        read += count;
        if buffer[..read].ends_with(b"\r\n\r\n") {
            read = 0;
            if stream.write_all(RESPONSE).is_err() {
                return;
            }
        }
    }
}
