//! A response body whose first bytes the guard has read, and which still yields them to the caller.

use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Buf;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::grpc_body::GrpcBody;
use crate::background::Spawner;
use crate::guard::Guard;

/// The maximum number of bytes of a body that are copied for the classification. Google's refusals
/// are shorter than 4 KiB.
pub(crate) const LOOK_BYTES: usize = 16 * 1024;
/// The maximum number of frames that are read ahead. A limit only in bytes would allow 16,384
/// frames of one byte.
pub(crate) const LOOK_FRAMES: usize = 64;
/// How long a refused response may be delayed to read its body. If a server stalls in the middle of
/// a refusal, the caller waits only for this time.
pub(crate) const LOOK_TIME: Duration = Duration::from_millis(250);

pin_project! {
    /// The body of a response that passed through the guard. Yields the frames of the inner body.
    ///
    /// ```
    /// use std::convert::Infallible;
    ///
    /// use bytes::Bytes;
    /// use gcp_scopes::response::GuardBody;
    /// use http_body_util::combinators::BoxBody;
    /// use http_body_util::{BodyExt as _, Full};
    ///
    /// // For code that needs one type for the bodies of all clients.
    /// fn boxed(body: GuardBody<Full<Bytes>>) -> BoxBody<Bytes, Infallible> {
    ///     body.boxed()
    /// }
    /// ```
    pub struct GuardBody<B: Body> {
        #[pin]
        state: BodyState<B>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum BodyState<B: Body> {
        // The guard has read no frame.
        Untouched { #[pin] body: B },
        // The frames that `look` read ahead, and the body from which it read them. `ended` means
        // that the body has yielded its end.
        Read { buffered: VecDeque<Buffered<B::Data, B::Error>>, rest: Pin<Box<B>>, ended: bool },
        // The guard reads the trailers of a gRPC response when they arrive.
        Grpc { #[pin] body: GrpcBody<B> },
        // The text of a denial in place of the response's body. `data` is `None` after it was read.
        Replaced { data: Option<B::Data> },
    }
}

/// A frame that was read ahead.
struct Buffered<D, E> {
    frame: Result<Frame<D>, E>,
    /// The size hint of the body before the frame was read. A client that reads the frame later
    /// gets this hint. So a body without `Content-Length` does not seem to have one, although its
    /// length may be known by now.
    hint: SizeHint,
}

impl<B: Body> GuardBody<B> {
    /// Wraps a body without reading it.
    ///
    /// ```
    /// use gcp_scopes::response::GuardBody;
    /// use http_body_util::Full;
    ///
    /// // A response that an adapter does not hand to the guard still needs the type of body.
    /// let body: GuardBody<Full<bytes::Bytes>> = GuardBody::unchanged(Full::from("meow"));
    /// ```
    pub fn unchanged(body: B) -> Self {
        Self { state: BodyState::Untouched { body } }
    }

    /// Creates a body that replaces the received body.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use gcp_scopes::response::GuardBody;
    /// use http_body::Body;
    /// use http_body_util::Full;
    ///
    /// let body: GuardBody<Full<Bytes>> = GuardBody::replaced("the scope is lacking".as_bytes());
    /// assert_eq!(body.size_hint().exact(), Some(20));
    /// ```
    pub fn replaced(data: impl Into<B::Data>) -> Self {
        Self { state: BodyState::Replaced { data: Some(data.into()) } }
    }

    /// Returns whether `seen`, the bytes that [`look`] copied, are the complete body.
    #[must_use]
    pub fn is_whole(&self, seen: &[u8]) -> bool {
        match &self.state {
            BodyState::Read { buffered, ended, .. } => {
                (*ended || ends_with_trailers(buffered)) && buffered_bytes(buffered) == seen.len()
            }
            BodyState::Untouched { .. } | BodyState::Grpc { .. } | BodyState::Replaced { .. } => {
                false
            }
        }
    }

    /// Wraps a gRPC body: passes the messages on, and explains trailers that refuse the call.
    pub(super) fn grpc(body: GrpcBody<B>) -> Self {
        Self { state: BodyState::Grpc { body } }
    }
}

/// Reads the beginning of a body: up to 16 KiB, 64 frames or 250 ms, whichever limit is reached
/// first.
///
/// Returns the copied bytes, and a body that still yields everything. If the body fails, the
/// returned body yields the error at the same position.
pub async fn look<B: Body>(guard: &Guard, body: B) -> (Vec<u8>, GuardBody<B>) {
    look_with_spawner(guard.spawner(), body).await
}

/// Reads the beginning of a body like [`look`], with the timer on the thread of `spawner`.
pub(crate) async fn look_with_spawner<B: Body>(
    spawner: &Spawner,
    body: B,
) -> (Vec<u8>, GuardBody<B>) {
    // Pinned on the heap, because the body is polled here and then moves into the returned body.
    let mut rest = Box::pin(body);
    let (mut buffered, mut seen, mut ended) = (VecDeque::new(), Vec::new(), false);
    with_look_limit(spawner, async {
        while buffered.len() < LOOK_FRAMES && seen.len() < LOOK_BYTES {
            let hint = rest.size_hint();
            let Some(frame) = poll_fn(|cx| rest.as_mut().poll_frame(cx)).await else {
                ended = true;
                break;
            };
            let is_last = frame.as_ref().map_or(true, |frame| copy_data(frame, &mut seen));
            buffered.push_back(Buffered { frame, hint });
            if is_last {
                break;
            }
        }
    })
    .await;
    (seen, GuardBody { state: BodyState::Read { buffered, rest, ended } })
}

/// Polls `reading` until `reading` is ready or [`LOOK_TIME`] has passed. The timer runs on the
/// guard's thread. If the thread cannot be started, only the limits of bytes and frames apply.
async fn with_look_limit(spawner: &Spawner, reading: impl Future<Output = ()>) {
    let mut reading = pin!(reading);
    // The timer, and with it the thread, starts when this future is first polled. A body that is
    // ready immediately needs neither.
    let mut time = pin!(async {
        if spawner.run(async { tokio::time::sleep(LOOK_TIME).await }).await.is_err() {
            std::future::pending::<()>().await;
        }
    });
    poll_fn(|cx| match reading.as_mut().poll(cx) {
        Poll::Ready(()) => Poll::Ready(()),
        Poll::Pending => time.as_mut().poll(cx),
    })
    .await;
}

/// Copies the bytes of a data frame up to the limit. Returns whether the frame is the last one,
/// which trailers are.
fn copy_data<D: Buf>(frame: &Frame<D>, seen: &mut Vec<u8>) -> bool {
    let Some(data) = frame.data_ref() else { return true };
    // For the buffers of hyper, reqwest and tonic, `chunk` returns the complete content. For a
    // buffer of several pieces, the first piece is sufficient.
    let chunk = data.chunk();
    seen.extend_from_slice(&chunk[..chunk.len().min(LOOK_BYTES - seen.len())]);
    false
}

impl<B: Body> Body for GuardBody<B>
where
    B::Error: 'static,
{
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        match self.project().state.project() {
            StateProjection::Untouched { body } => body.poll_frame(cx),
            StateProjection::Grpc { body } => body.poll_frame(cx),
            StateProjection::Read { buffered, rest, ended } => match buffered.pop_front() {
                Some(Buffered { frame, .. }) => Poll::Ready(Some(frame)),
                // Some bodies must not be polled again after their end.
                None if *ended => Poll::Ready(None),
                None => rest.as_mut().poll_frame(cx),
            },
            StateProjection::Replaced { data } => {
                Poll::Ready(data.take().map(|data| Ok(Frame::data(data))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.state {
            BodyState::Untouched { body } => body.is_end_stream(),
            BodyState::Grpc { body } => body.is_end_stream(),
            BodyState::Read { buffered, rest, ended } => {
                buffered.is_empty() && (*ended || rest.is_end_stream())
            }
            BodyState::Replaced { data } => data.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.state {
            BodyState::Untouched { body } => body.size_hint(),
            BodyState::Grpc { body } => body.size_hint(),
            BodyState::Read { buffered, rest, .. } => {
                buffered.front().map_or_else(|| rest.size_hint(), |first| first.hint)
            }
            BodyState::Replaced { data } => {
                SizeHint::with_exact(data.as_ref().map_or(0, |data| data.remaining() as u64))
            }
        }
    }
}

/// Returns whether the last frame contains trailers, after which no frame follows.
fn ends_with_trailers<D, E>(buffered: &VecDeque<Buffered<D, E>>) -> bool {
    buffered.back().is_some_and(|last| last.frame.as_ref().is_ok_and(Frame::is_trailers))
}

/// Returns the number of data bytes in the frames.
fn buffered_bytes<D: Buf, E>(buffered: &VecDeque<Buffered<D, E>>) -> usize {
    let data = buffered.iter().filter_map(|next| next.frame.as_ref().ok()?.data_ref());
    data.map(Buf::remaining).sum()
}

impl<B: Body + Default> Default for GuardBody<B> {
    fn default() -> Self {
        Self::unchanged(B::default())
    }
}

impl<B: Body> fmt::Debug for GuardBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardBody").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::background::Background;
    use crate::background::tests::block_on;
    use bytes::Bytes;
    use http::HeaderMap;
    use http_body_util::{BodyExt, Full, StreamBody};
    use std::convert::Infallible;

    async fn look<B: Body>(body: B) -> (Vec<u8>, GuardBody<B>) {
        let background = Background::default();
        look_with_spawner(background.spawner(), body).await
    }

    type Frames = Vec<Result<Frame<Bytes>, &'static str>>;

    fn body(frames: Frames) -> impl Body<Data = Bytes, Error = &'static str> {
        StreamBody::new(FrameStream(frames.into()))
    }

    struct FrameStream(VecDeque<Result<Frame<Bytes>, &'static str>>);

    impl tokio_stream::Stream for FrameStream {
        type Item = Result<Frame<Bytes>, &'static str>;
        fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            Poll::Ready(self.0.pop_front())
        }
    }

    fn data(text: &str) -> Result<Frame<Bytes>, &'static str> {
        Ok(Frame::data(Bytes::copy_from_slice(text.as_bytes())))
    }

    #[tokio::test]
    async fn frames_and_trailers_are_passed_on_unchanged() {
        let trailers = HeaderMap::from_iter([("x-end".parse().unwrap(), "1".parse().unwrap())]);
        let frames = vec![data("one "), data("two"), Ok(Frame::trailers(trailers.clone()))];
        let (seen, body) = look(body(frames)).await;
        assert_eq!(seen, b"one two");
        let whole = body.collect().await.unwrap();
        assert_eq!(whole.trailers(), Some(&trailers));
        assert_eq!(whole.to_bytes(), "one two");
    }

    #[tokio::test]
    async fn a_body_is_whole_if_its_end_or_trailers_were_read() {
        let trailers = || Ok(Frame::trailers(HeaderMap::new()));
        // The frames of a body, and whether `look` copies the complete body.
        let rows = [
            (vec![data("all")], true),
            (vec![data("all"), trailers()], true),
            (vec![trailers()], true),
            (vec![data("half"), Err("cut off")], false),
            ((0..LOOK_FRAMES + 1).map(|_| data("x")).collect(), false),
        ];
        for (frames, expected) in rows {
            let (seen, body) = look(body(frames)).await;
            assert_eq!(body.is_whole(&seen), expected, "{}", seen.escape_ascii());
        }
    }

    #[tokio::test]
    async fn a_body_error_is_yielded_at_its_original_position() {
        let (seen, body) = look(body(vec![data("half"), Err("cut off"), data("never")])).await;
        assert_eq!(seen, b"half");
        let mut body = std::pin::pin!(body);
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "half");
        assert_eq!(body.frame().await.unwrap().unwrap_err(), "cut off");
    }

    #[tokio::test]
    async fn a_body_is_not_polled_after_its_end() {
        struct Once(u8);
        impl Body for Once {
            type Data = Bytes;
            type Error = Infallible;
            fn poll_frame(
                mut self: Pin<&mut Self>,
                _: &mut Context<'_>,
            ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
                self.0 += 1;
                match self.0 {
                    1 => Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"x"))))),
                    2 => Poll::Ready(None),
                    _ => panic!("polled again after its end"),
                }
            }
        }
        let (_, body) = look(Once(0)).await;
        assert_eq!(body.collect().await.unwrap().to_bytes(), "x");
    }

    #[test]
    fn the_time_limit_needs_no_timer_of_the_callers_runtime() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (seen, _) = runtime.block_on(look(Full::new(Bytes::from_static(b"no"))));
        assert_eq!(seen, b"no");
        let began = std::time::Instant::now();
        let (seen, _) = runtime.block_on(look(Stalled));
        assert!(seen.is_empty() && began.elapsed() >= LOOK_TIME);
        assert!(block_on(look(Stalled)).0.is_empty());
    }

    #[tokio::test]
    async fn only_the_beginning_of_a_large_body_is_copied() {
        let (seen, body) = look(Full::new(Bytes::from(vec![b'x'; 1 << 20]))).await;
        assert_eq!(seen.len(), LOOK_BYTES);
        assert_eq!(body.size_hint().exact(), Some(1 << 20));
        assert_eq!(body.collect().await.unwrap().to_bytes().len(), 1 << 20);
    }

    #[tokio::test]
    async fn the_number_of_buffered_frames_is_bounded() {
        let (seen, body) = look(body((0..10_000).map(|_| data("x")).collect())).await;
        assert_eq!(seen.len(), LOOK_FRAMES);
        assert_eq!(body.collect().await.unwrap().to_bytes().len(), 10_000);
    }

    /// A body that never yields a frame.
    struct Stalled;
    impl Body for Stalled {
        type Data = Bytes;
        type Error = Infallible;
        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Pending
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_stalled_body_is_passed_on_after_the_time_limit() {
        let begin = tokio::time::Instant::now();
        let (seen, _body) = look_with_spawner(Background::in_test().spawner(), Stalled).await;
        assert!(seen.is_empty());
        assert_eq!(begin.elapsed(), LOOK_TIME);
    }
}
