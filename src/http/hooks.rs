//! Twilio's webhooks: forms in, TwiML out.

use actix_web::{HttpRequest, HttpResponse, web};

use super::repeats::Reply;
use super::signed::Body;
use super::{Doors, Problem};
use crate::actors::engine::EngineError;
use crate::actors::inbound::Instruction;
use crate::twilio::twiml::{self, ConnectStream, Dial};
use crate::twilio::webhook::{DetectionCallback, DialCallback, InvalidForm, Params, RecordingCallback, StatusCallback, VoiceRequest};
use crate::types::{CallId, Code, Epoch};

const NOT_SET_UP: &str = "This number is not set up yet. Please call again later. Goodbye.";
const APOLOGY: &str = "We are sorry, there is a technical problem. Please call again later. Goodbye.";

type Answer = Result<HttpResponse, Problem>;

/// `POST|GET /incoming-call`: somebody calls our number.
pub(super) async fn incoming_call(doors: web::Data<Doors>, request: HttpRequest, body: Body) -> Answer {
    let form = doors.signatures.form(&request, &body)?;
    let voice = VoiceRequest::parse(&form).map_err(invalid)?;
    let engine = doors.engine.clone();
    doors.repeats.reply(&request, async move { twiml(&engine.incoming_call(voice).await?) }).await
}

/// `POST|GET /twilio/voice/{call}`: a phone that we called was answered.
pub(super) async fn answered(doors: web::Data<Doors>, call: web::Path<String>, request: HttpRequest, body: Body) -> Answer {
    let form = doors.signatures.form(&request, &body)?;
    let voice = VoiceRequest::parse(&form).map_err(invalid)?;
    let (engine, call) = (doors.engine.clone(), parsed(&call)?);
    doors.repeats.reply(&request, async move { twiml(&engine.answered_call(call, voice).await?) }).await
}

/// `POST|GET /twilio/resume/{call}/{epoch}`: a stream is over, what comes next?
pub(super) async fn resume(doors: web::Data<Doors>, path: web::Path<(String, String)>, request: HttpRequest, body: Body) -> Answer {
    let form: Params = doors.signatures.form(&request, &body)?;
    let call: CallId = parsed(&path.0)?;
    let epoch: Epoch = parsed(&path.1)?;
    // What Twilio tells of the call matters only where nothing else is known of it.
    let told = VoiceRequest::parse(&form).ok();
    let waiting_room = doors.waiting_room(request.path());
    let engine = doors.engine.clone();
    let next = async move {
        let instruction = engine.resume_call(call, epoch, told).await?;
        let is_stream = matches!(instruction, Instruction::Connect { .. });
        twiml(&waiting_room.filter(|_| is_stream).unwrap_or(instruction))
    };
    doors.repeats.reply(&request, next).await
}

/// `POST|GET /twilio/status/{call}`: a call that we placed got on.
pub(super) async fn status(doors: web::Data<Doors>, call: web::Path<String>, request: HttpRequest, body: Body) -> Answer {
    let form = doors.signatures.form(&request, &body)?;
    let callback = StatusCallback::parse(&form).map_err(invalid)?;
    let (engine, call) = (doors.engine.clone(), parsed(&call)?);
    doors.repeats.reply(&request, async move { done(engine.status_changed(call, callback).await) }).await
}

/// `POST|GET /twilio/transferred/{call}/{epoch}`: the ringing of another phone is over, what comes next?
pub(super) async fn transferred(doors: web::Data<Doors>, path: web::Path<(String, String)>, request: HttpRequest, body: Body) -> Answer {
    let form = doors.signatures.form(&request, &body)?;
    let callback = DialCallback::parse(&form).map_err(invalid)?;
    let call: CallId = parsed(&path.0)?;
    let epoch: Epoch = parsed(&path.1)?;
    let engine = doors.engine.clone();
    doors.repeats.reply(&request, async move { twiml(&engine.dialled(call, epoch, callback).await?) }).await
}

/// `POST|GET /twilio/amd/{call}`: somebody or something picked up.
pub(super) async fn detected(doors: web::Data<Doors>, call: web::Path<String>, request: HttpRequest, body: Body) -> Answer {
    let form = doors.signatures.form(&request, &body)?;
    let callback = DetectionCallback::parse(&form).map_err(invalid)?;
    let (engine, call) = (doors.engine.clone(), parsed(&call)?);
    doors.repeats.reply(&request, async move { done(engine.detected(call, callback).await) }).await
}

/// `POST|GET /twilio/recording/{call}`: the recording of a call got on.
pub(super) async fn recorded(doors: web::Data<Doors>, call: web::Path<String>, request: HttpRequest, body: Body) -> Answer {
    let form = doors.signatures.form(&request, &body)?;
    let callback = RecordingCallback::parse(&form).map_err(invalid)?;
    let (engine, call) = (doors.engine.clone(), parsed(&call)?);
    doors.repeats.reply(&request, async move { done(engine.recorded(call, callback).await) }).await
}

fn done(done: Result<(), EngineError>) -> Result<Reply, Problem> {
    done.map(|()| Reply::Nothing).map_err(Problem::from)
}

fn twiml(instruction: &Instruction) -> Result<Reply, Problem> {
    let document = match instruction {
        Instruction::Connect { stream_url, action_url } => {
            let stream = ConnectStream { stream_url, action_url, parameters: &[] };
            twiml::connect_stream(&stream).map_err(|error| Problem::new(Code::Internal, error.to_string()))?
        }
        Instruction::Wait { url, pause } => twiml::pause_and_redirect(*pause, url),
        Instruction::Busy => twiml::reject_busy(),
        Instruction::Reject => twiml::reject(),
        Instruction::NotSetUp => twiml::say_and_hangup(NOT_SET_UP),
        Instruction::Dial { number, caller_id, action_url } => {
            twiml::dial(&Dial { number, caller_id: caller_id.as_ref(), action_url: Some(action_url) })
        }
        Instruction::Apologise { say, dial, caller_id } => {
            let human = dial.as_ref().map(|number| Dial { number, caller_id: caller_id.as_ref(), action_url: None });
            twiml::say_and_dial(say.as_deref().unwrap_or(APOLOGY), human.as_ref())
        }
        Instruction::Hangup => twiml::hangup(),
    };
    Ok(Reply::Twiml(document.into()))
}

fn parsed<T: std::str::FromStr>(text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| Problem::new(Code::NotFound, "there is no such call"))
}

fn invalid(error: InvalidForm) -> Problem {
    let (InvalidForm::Missing(field) | InvalidForm::Wrong(field)) = error;
    Problem::field(format!("/{field}"), error.to_string())
}
