//! Answers requests for the files of the page, on 127.0.0.1.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;

use anyhow::Result;

/// A server of the files in one folder.
pub(super) struct PageServer {
    listener: TcpListener,
    address: SocketAddr,
    folder: PathBuf,
}

/// The files of the page and their types.
const FILES: [(&str, &str); 5] = [
    ("index.html", "text/html; charset=utf-8"),
    ("page.css", "text/css; charset=utf-8"),
    ("page.js", "text/javascript; charset=utf-8"),
    ("answers.wasm", "application/wasm"),
    ("catalog.bin", "application/octet-stream"),
];

impl PageServer {
    /// Listens on a port; 0 for any free port.
    pub(super) fn start(folder: PathBuf, port: u16) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        Ok(Self { address: listener.local_addr()?, listener, folder })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers requests, one after another.
    pub(super) fn run(&self) -> Result<()> {
        for stream in self.listener.incoming() {
            // A browser may close a connection at any time.
            let _ = stream.and_then(|stream| self.answer(&stream));
        }
        Ok(())
    }

    fn answer(&self, mut stream: &TcpStream) -> std::io::Result<()> {
        let mut lines = BufReader::new(stream).lines();
        let first = lines.next().transpose()?.unwrap_or_default();
        // The headers are read, so that closing the connection does not discard the answer.
        while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
        let path = first.split(' ').nth(1).unwrap_or_default();
        let path = path.split('?').next().unwrap_or_default().trim_start_matches('/');
        let name = if path.is_empty() { "index.html" } else { path };
        let file = FILES.iter().find(|(known, _)| *known == name);
        let content = file.and_then(|(name, _)| fs::read(self.folder.join(name)).ok());
        let (Some((_, kind)), Some(content)) = (file, content) else {
            return stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
        };
        let length = content.len();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: \
             close\r\n\r\n"
        );
        stream.write_all(head.as_bytes())?;
        stream.write_all(&content)
    }
}
