use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpListener as StdListener, TcpStream as StdStream};
use std::time::Instant;

use super::*;

const S: Duration = Duration::from_secs(1);
const MS: Duration = Duration::from_millis(1);

/// Somebody who says back whatever is said, until the end.
fn echo() -> SocketAddr {
    let listener = StdListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            std::thread::spawn(move || {
                let mut from = stream.try_clone().expect("a handle");
                let _ = std::io::copy(&mut from, &mut stream);
                let _ = stream.shutdown(std::net::Shutdown::Write);
            });
        }
    });
    address
}

fn through(weather: Weather) -> (ChaosProxy, StdStream) {
    let proxy = ChaosProxy::start(echo(), weather, 1).expect("a proxy");
    let stream = StdStream::connect(proxy.address()).expect("a connection");
    stream.set_read_timeout(Some(S * 10)).expect("set");
    stream.set_nodelay(true).expect("set");
    (proxy, stream)
}

fn said_back(stream: &mut StdStream, words: &[u8]) -> Duration {
    let start = Instant::now();
    stream.write_all(words).expect("sent");
    let mut back = vec![0; words.len()];
    stream.read_exact(&mut back).expect("an answer");
    assert_eq!(back, words);
    start.elapsed()
}

#[test]
fn in_fair_weather_everything_arrives_as_it_was_sent_and_the_end_too() {
    let (proxy, mut stream) = through(Weather::default());
    let words: Vec<u8> = (0..1_000_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let mut writer = stream.try_clone().expect("a handle");
    let sent = words.clone();
    let writing = std::thread::spawn(move || {
        writer.write_all(&sent).expect("sent");
        writer.shutdown(std::net::Shutdown::Write).expect("an end");
    });

    let mut back = Vec::new();
    stream.read_to_end(&mut back).expect("an end");

    writing.join().expect("written");
    assert!(back == words, "{} bytes came back", back.len());
    let deadline = Instant::now() + S * 5;
    while proxy.connections() > 0 {
        assert!(Instant::now() < deadline, "it is still open");
        std::thread::yield_now();
    }
}

#[test]
fn latency_is_had_in_each_direction_and_jitter_on_top_of_it() {
    let toxics = Toxics { latency: MS * 100, jitter: MS * 50, ..Toxics::default() };
    let (_proxy, mut stream) = through(Weather::both(toxics));

    let took = said_back(&mut stream, b"hello");

    assert!(took >= MS * 200 && took < MS * 600, "{took:?}");
}

#[test]
fn a_narrow_way_takes_its_time() {
    let toxics = Toxics { bandwidth: Some(20_000), slicer: Some(1_000), ..Toxics::default() };
    let (_proxy, mut stream) = through(Weather { up: toxics, ..Weather::default() });

    let took = said_back(&mut stream, &[7; 10_000]);

    assert!(took >= MS * 400 && took < S * 2, "{took:?}");
}

#[test]
fn what_a_black_hole_swallows_is_told_when_it_is_over() {
    let (proxy, mut stream) = through(Weather::default());
    said_back(&mut stream, b"before");
    proxy.set(Weather::both(Toxics { black_hole: true, ..Toxics::default() }));
    stream.set_read_timeout(Some(MS * 300)).expect("set");
    stream.write_all(b"lost").expect("nobody is told");
    let mut back = [0; 4];
    let silence = stream.read_exact(&mut back).expect_err("nothing comes");
    assert!(matches!(silence.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{silence}");

    proxy.set(Weather::default());
    stream.set_read_timeout(Some(S * 5)).expect("set");

    stream.read_exact(&mut back).expect("it follows");
    assert_eq!(&back, b"lost");
}

#[test]
fn a_reset_is_no_end() {
    let (proxy, mut stream) = through(Weather::default());
    said_back(&mut stream, b"hello");

    proxy.reset_peers();

    let broken = stream.read(&mut [0; 1]).expect_err("no orderly end");
    assert_eq!(broken.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn after_so_many_bytes_it_is_over() {
    let toxics = Toxics { limit_data: Some(4), ..Toxics::default() };
    let (_proxy, mut stream) = through(Weather { down: toxics, ..Weather::default() });
    stream.write_all(b"hello").expect("sent");

    let mut back = Vec::new();
    stream.read_to_end(&mut back).expect("an end");

    assert_eq!(back, b"hell");
}

#[test]
fn the_end_may_be_told_late() {
    let toxics = Toxics { slow_close: MS * 300, ..Toxics::default() };
    let (_proxy, mut stream) = through(Weather { down: toxics, ..Weather::default() });
    said_back(&mut stream, b"hello");
    let start = Instant::now();
    stream.shutdown(std::net::Shutdown::Write).expect("an end");

    assert_eq!(stream.read(&mut [0; 1]).expect("an end"), 0);

    assert!(start.elapsed() >= MS * 300, "{:?}", start.elapsed());
}

#[test]
fn whoever_is_not_there_refuses() {
    let nobody = StdListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let proxy = ChaosProxy::start(nobody, Weather::default(), 1).expect("a proxy");

    let mut stream = StdStream::connect(proxy.address()).expect("the proxy is there");

    assert!(stream.read(&mut [0; 1]).map_or(true, |bytes| bytes == 0));
}
