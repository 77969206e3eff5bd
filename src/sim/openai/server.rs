//! The server: one thread, one listener on loopback, one task per connection.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::mpsc;
use std::thread::{Builder, JoinHandle};

use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::FakeOpenAiSettings;
use super::control::{OpenAiControl, OpenSocket, Order};
use super::socket;

/// A running simulator. It stops, and drops every connection, when it is dropped.
pub struct FakeOpenAi {
    address: SocketAddr,
    path: &'static str,
    control: OpenAiControl,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl FakeOpenAi {
    /// Listens on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// The port, the runtime or the thread could not be had.
    pub fn start(settings: FakeOpenAiSettings) -> io::Result<Self> {
        Self::start_on(0, settings)
    }

    /// Listens on this port of 127.0.0.1.
    ///
    /// # Errors
    /// The port, the runtime or the thread could not be had.
    pub fn start_on(port: u16, settings: FakeOpenAiSettings) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let (ready, started) = mpsc::channel();
        let path = settings.dialect.path();
        let thread = Builder::new().name("fake-openai".to_owned()).spawn(move || run(listener, &settings, &ready, stopped))?;
        let control = started.recv().map_err(io::Error::other)??;
        Ok(Self { address, path, control, stop: Some(stop), thread: Some(thread) })
    }

    /// Where clients connect, such as `ws://127.0.0.1:PORT/v1/realtime`, to be completed by `?model=`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("ws://{}{}", self.address, self.path)
    }

    #[must_use]
    pub const fn port(&self) -> u16 {
        self.address.port()
    }

    #[must_use]
    pub fn control(&self) -> OpenAiControl {
        self.control.clone()
    }

    /// Ends every connection and waits for the thread.
    pub fn stop(self) {}
}

impl Drop for FakeOpenAi {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            // A panic of the simulator was already reported by its thread.
            let _ = thread.join();
        }
    }
}

type Started = mpsc::Sender<io::Result<OpenAiControl>>;

/// The whole life of the thread; the runtime is its own, and so is the clock.
fn run(listener: std::net::TcpListener, settings: &FakeOpenAiSettings, ready: &Started, stopped: oneshot::Receiver<()>) {
    let runtime = match runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return tell(ready, Err(error)),
    };
    runtime.block_on(async {
        match TcpListener::from_std(listener) {
            Ok(listener) => attend_until(stopped, listener, settings, ready).await,
            Err(error) => tell(ready, Err(error)),
        }
    });
}

async fn attend_until(stopped: oneshot::Receiver<()>, listener: TcpListener, settings: &FakeOpenAiSettings, ready: &Started) {
    let control = OpenAiControl::new();
    tell(ready, Ok(control.clone()));
    tokio::select! {
        _ = stopped => {}
        () = accept(listener, settings, &control) => {}
    }
}

/// The one who started us waits for this, and for nothing else.
fn tell(ready: &Started, outcome: io::Result<OpenAiControl>) {
    let _ = ready.send(outcome);
}

async fn accept(listener: TcpListener, settings: &FakeOpenAiSettings, control: &OpenAiControl) {
    let mut sockets = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) if !control.take_connect() => {
                    sockets.spawn(attend(stream, settings.clone(), control.clone()));
                }
                Ok(_) | Err(_) => {}
            },
            Some(_) = sockets.join_next() => {}
        }
    }
}

async fn attend(stream: TcpStream, settings: FakeOpenAiSettings, control: OpenAiControl) {
    let _open = OpenSocket::new(&control);
    let orders = control.orders();
    tokio::select! {
        () = killed(orders) => {}
        () = serve(stream, settings, &control) => {}
    }
}

async fn serve(stream: TcpStream, settings: FakeOpenAiSettings, control: &OpenAiControl) {
    if control.stalls() { stall(stream).await } else { socket::serve(stream, settings, control).await }
}

/// Reads and says nothing, until the client has had enough.
async fn stall(mut stream: TcpStream) {
    let mut ignored = [0; 1024];
    while matches!(stream.read(&mut ignored).await, Ok(1..)) {}
}

async fn killed(mut orders: tokio::sync::broadcast::Receiver<Order>) {
    while !matches!(orders.recv().await, Ok(Order::Kill)) {}
}
