//! The REST API, as far as the engine uses it. <https://www.twilio.com/docs/voice/api/call-resource>

use std::net::TcpListener;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::{Bytes, Data, Path};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tokio::sync::oneshot;
use url::form_urlencoded;

use super::create::{self, RestError, field};
use super::hooks::{CreateFate, Refusals};
use super::line::{NotNow, Order};
use super::signing::Params;
use super::switchboard::Switchboard;

type Answer = Result<HttpResponse, RestError>;

/// Serves on `listener` until told to stop; runs on a thread of its own.
pub fn serve(listener: TcpListener, switchboard: Arc<Switchboard>, stop: oneshot::Receiver<()>) -> std::io::Result<()> {
    let data = Data::from(switchboard);
    actix_web::rt::System::new().block_on(async move {
        let app = move || {
            let calls = web::scope("/2010-04-01/Accounts/{account}")
                .route("/Calls.json", web::post().to(create_call))
                .route("/Calls.json", web::get().to(list_calls))
                .route("/Calls/{call}", web::get().to(read_call))
                .route("/Calls/{call}", web::post().to(update_call))
                .route("/Calls/{call}/Recordings.json", web::post().to(record_call));
            App::new().app_data(Data::clone(&data)).service(calls).default_service(web::to(nowhere))
        };
        let server = HttpServer::new(app).workers(1).disable_signals().shutdown_timeout(0).listen(listener)?.run();
        let handle = server.handle();
        actix_web::rt::spawn(async move {
            drop(stop.await);
            handle.stop(false).await;
        });
        server.await
    })
}

async fn create_call(request: HttpRequest, account: Path<String>, body: Bytes, board: Data<Switchboard>) -> HttpResponse {
    let hooks = &board.exchange.hooks;
    let fate = hooks.create_fate();
    let answer = authorised(&request, &account, &board).and_then(|()| {
        refused(hooks.refused_create())?;
        let form = parsed(&body);
        create::read(&form, &board.exchange.number)?;
        let placed = (0..fate.placed()).map(|_| Ok(board.place(create::read(&form, &board.exchange.number)?)));
        let placed = placed.collect::<Result<Vec<_>, RestError>>()?;
        match (fate, placed.first()) {
            (CreateFate::Throttled, _) => Err(RestError::new(429, 20429, "Too Many Requests")),
            (CreateFate::Failed | CreateFate::FailedPlaced, _) => Err(RestError::new(500, 20500, "Internal Server Error")),
            (_, Some(line)) => Ok(HttpResponse::Created().json(line.resource())),
            (_, None) => Ok(HttpResponse::Created().finish()),
        }
    });
    let is_silent = matches!(fate, CreateFate::Silent | CreateFate::Lost);
    if answer.is_ok() && (hooks.hung_create() || is_silent) {
        std::future::pending::<()>().await;
    }
    if let CreateFate::Late(late) = fate {
        tokio::time::sleep(late).await;
    }
    respond(answer)
}

/// Newest first, as far as the engine reads.
async fn list_calls(request: HttpRequest, account: Path<String>, board: Data<Switchboard>) -> HttpResponse {
    respond(authorised(&request, &account, &board).map(|()| {
        let query: Params = form_urlencoded::parse(request.query_string().as_bytes()).into_owned().collect();
        let wanted = |name: &str, value: &str| field(&query, name).is_none_or(|wanted| wanted == value);
        let size = field(&query, "PageSize").and_then(|size| size.parse().ok()).unwrap_or(50);
        let lines = board.exchange.lines();
        let found = lines.iter().rev().filter(|line| wanted("To", &line.to) && wanted("From", &line.from));
        let calls: Vec<_> = found.take(size).map(|line| line.resource()).collect();
        HttpResponse::Ok().json(json!({"calls": calls, "page": 0, "page_size": size, "next_page_uri": null}))
    }))
}

async fn read_call(request: HttpRequest, path: Path<(String, String)>, board: Data<Switchboard>) -> HttpResponse {
    let (account, call) = path.into_inner();
    respond(authorised(&request, &account, &board).and_then(|()| {
        let line = board.exchange.line(named(&call)?).ok_or_else(not_found)?;
        Ok(HttpResponse::Ok().json(line.resource()))
    }))
}

async fn update_call(request: HttpRequest, path: Path<(String, String)>, body: Bytes, board: Data<Switchboard>) -> HttpResponse {
    let (account, call) = path.into_inner();
    respond(authorised(&request, &account, &board).and_then(|()| {
        refused(board.exchange.hooks.refused_update())?;
        let line = board.exchange.line(named(&call)?).ok_or_else(not_found)?;
        line.order(order(&parsed(&body))?).map_err(|NotNow| not_in_progress())?;
        Ok(HttpResponse::Ok().json(line.resource()))
    }))
}

async fn record_call(request: HttpRequest, path: Path<(String, String)>, body: Bytes, board: Data<Switchboard>) -> HttpResponse {
    let (account, call) = path.into_inner();
    respond(authorised(&request, &account, &board).and_then(|()| {
        let line = board.exchange.line(&call).ok_or_else(not_found)?;
        let sid = board.exchange.sid("RE");
        let recording = create::recording(&parsed(&body))?;
        line.order(Order::Record { sid: sid.clone(), recording }).map_err(|NotNow| not_in_progress())?;
        let recording = json!({"sid": sid, "call_sid": call, "account_sid": account, "status": "in-progress"});
        Ok(HttpResponse::Created().json(recording))
    }))
}

async fn nowhere() -> HttpResponse {
    respond(Err(not_found()))
}

fn order(form: &Params) -> Result<Order, RestError> {
    match field(form, "Status") {
        Some("completed") => Ok(Order::Complete),
        Some("canceled") => Ok(Order::Cancel),
        Some(_) => Err(RestError::new(400, 21218, "Invalid Status.")),
        None => create::source(form)?.map(Order::Redirect).ok_or_else(|| RestError::new(400, 21205, "Url parameter is required.")),
    }
}

/// Basic authentication with the account's SID and token, for that account alone.
fn authorised(request: &HttpRequest, account: &str, board: &Switchboard) -> Result<(), RestError> {
    let exchange = &board.exchange;
    let wanted = STANDARD.encode(format!("{}:{}", exchange.account_sid, exchange.auth_token));
    let given = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.strip_prefix("Basic "));
    if given == Some(wanted.as_str()) && account == exchange.account_sid {
        Ok(())
    } else {
        exchange.violate(None, "20003 request without the account's credentials");
        Err(RestError::new(401, 20003, "Authenticate"))
    }
}

fn refused(refusals: Option<Refusals>) -> Result<(), RestError> {
    refusals.map_or(Ok(()), |refused| Err(RestError::new(refused.status, refused.code, "Refused by the simulator")))
}

/// Without the suffix the answer would be XML.
fn named(file: &str) -> Result<&str, RestError> {
    file.strip_suffix(".json").ok_or_else(not_found)
}

fn parsed(body: &Bytes) -> Params {
    form_urlencoded::parse(body).into_owned().collect()
}

fn not_found() -> RestError {
    RestError::new(404, 20404, "The requested resource was not found")
}

fn not_in_progress() -> RestError {
    RestError::new(400, 21220, "Call is not in-progress. Cannot redirect.")
}

fn respond(answer: Answer) -> HttpResponse {
    answer.unwrap_or_else(|error| {
        let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        HttpResponse::build(status).json(error.body())
    })
}
