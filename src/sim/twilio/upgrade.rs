//! The upgrade request of a media stream, as it was seen on real calls.

use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::http::Request;
use tokio_tungstenite::{WebSocketStream, client_async};

use super::address::Address;
use super::call::Call;

const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// Why there is no stream.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("31901 connection timeout")]
    TooLate,
    #[error("31902 connection refused")]
    NoConnection,
    #[error("31920 handshake error, http status {0}")]
    NotSwitched(u16),
    #[error("31920 handshake error: {0}")]
    Handshake(String),
    #[error("31922 scheme not supported")]
    Scheme,
    #[error("31923 malformed url")]
    Malformed,
}

/// Dials `url`, wherever its host may be, and upgrades.
pub async fn connect(call: &Call, url: &str, base: Option<&Address>) -> Result<WebSocketStream<TcpStream>, Refused> {
    let address = acceptable(call, url, base).inspect_err(|refused| call.violate(refused.to_string()))?;
    let request = request(call, &address).map_err(|error| Refused::Handshake(error.to_string()))?;
    let upgraded = async {
        let stream = call.exchange.courier.connect().await.map_err(|_| Refused::NoConnection)?;
        stream.set_nodelay(true).map_err(|_| Refused::NoConnection)?;
        let (socket, _) = client_async(request, stream).await.map_err(refused)?;
        Ok(socket)
    };
    timeout(CONNECT_WITHIN, upgraded).await.unwrap_or(Err(Refused::TooLate))
}

/// `wss` only, and without a query string, which Twilio drops.
fn acceptable(call: &Call, url: &str, base: Option<&Address>) -> Result<Address, Refused> {
    let address = base.map_or_else(|| Address::parse(url), |base| base.join(url)).map_err(|_| Refused::Malformed)?;
    if address.scheme() != "wss" {
        return Err(Refused::Scheme);
    }
    if address.target().contains('?') || !address.fragment().is_empty() {
        call.violate("31920 stream url with a query string or fragment");
    }
    Ok(address.without_query())
}

fn request(call: &Call, address: &Address) -> Result<Request<()>, tokio_tungstenite::tungstenite::http::Error> {
    let key = generate_key();
    Request::builder()
        .uri(format!("ws://{}{}", address.host(), address.target()))
        .header("Host", address.host())
        .header("User-Agent", "Twilio.TmeWs/1.0")
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", key)
        .header("X-Twilio-Signature", call.exchange.courier.sign(address.as_str(), &[]))
        .header("Accept-Encoding", "gzip")
        .body(())
}

fn refused(error: Error) -> Refused {
    match error {
        Error::Http(response) => Refused::NotSwitched(response.status().as_u16()),
        other => Refused::Handshake(other.to_string()),
    }
}
