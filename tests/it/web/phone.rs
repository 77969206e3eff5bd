//! A whole call by the browser's phone: what the microphone hears reaches the model, what the model says is played.

use std::path::{Path, PathBuf};

use alpha_call::audio::mulaw;
use alpha_call::sim::stage::utterance;
use serde_json::Value;

use super::*;
use crate::house::House;

/// Of the telephone, per second.
const RATE: usize = 8_000;
const SILENCE: u8 = 0xFF;

/// What the microphone hears: a while of nothing, the clip, and nothing again.
fn voice(folder: &Path, before_s: usize, clip: &[u8]) -> PathBuf {
    let nothing = |seconds: usize| std::iter::repeat_n(SILENCE, seconds * RATE);
    let samples = nothing(before_s).chain(clip.iter().copied()).chain(nothing(40)).map(mulaw::decode);
    let file = folder.join("voice.wav");
    std::fs::write(&file, wav(&samples.collect::<Vec<i16>>())).expect("a file");
    file
}

/// RIFF, 16 bits, one channel.
fn wav(samples: &[i16]) -> Vec<u8> {
    let bytes = u32::try_from(samples.len() * 2).expect("short");
    let rate = u32::try_from(RATE).expect("small");
    let mut file = Vec::new();
    file.extend(b"RIFF".iter().chain(&(36 + bytes).to_le_bytes()).chain(b"WAVEfmt "));
    file.extend(16_u32.to_le_bytes().iter().chain(&1_u16.to_le_bytes()).chain(&1_u16.to_le_bytes()));
    file.extend(rate.to_le_bytes().iter().chain(&(rate * 2).to_le_bytes()).chain(&2_u16.to_le_bytes()).chain(&16_u16.to_le_bytes()));
    file.extend(b"data".iter().chain(&bytes.to_le_bytes()));
    file.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    file
}

/// How alike two sounds are where they are most alike: 1 is the same.
fn likeness(heard: &[u8], said: &[u8]) -> f64 {
    let decoded = |bytes: &[u8]| bytes.iter().map(|byte| f64::from(mulaw::decode(*byte))).collect::<Vec<f64>>();
    let (heard, said) = (decoded(heard), decoded(said));
    let power = |part: &[f64]| part.iter().map(|sample| sample * sample).sum::<f64>().sqrt();
    let own = power(&said);
    let at = |part: &[f64]| part.iter().zip(&said).map(|(one, other)| one * other).sum::<f64>() / (power(part) * own).max(1.0);
    heard.windows(said.len()).map(at).fold(0.0, f64::max)
}

async fn phone(browser: &Browser) -> Value {
    browser.run("return { ...window.alphaCallPhone }").await
}

#[actix_rt::test]
async fn the_model_hears_the_microphone_and_the_page_plays_and_writes_the_answer() {
    let house = House::open().await;
    house.openai().keep_audio(true);
    let folder = tempfile::tempdir().expect("a folder");
    let clip = utterance("caller_hours").audio;
    let Some(browser) = Browser::open(house.addr(), Look::DESK, Some(&voice(folder.path(), 7, &clip))).await else {
        return house.finish().await;
    };

    browser.go("/phone?raw").await;
    browser.click("button.call-button").await;
    browser.reads(&["AI assistant of the Lakeside Clinic", "I am a simulated assistant"]).await;

    let session = house.openai().sessions().pop().expect("a session");
    let alike = likeness(&session.audio, &clip);
    assert!(alike > 0.95, "{alike}");
    let played = phone(&browser).await;
    assert!(played["framesPlayed"].as_u64() > Some(150) && played["marksReturned"].as_u64() > Some(10), "{played}");
    assert_eq!(house.openai().violations(), []);
    browser.press("Hang up").await;
    browser.close().await;
    house.finish().await;
}

#[actix_rt::test]
async fn whoever_speaks_over_the_answer_silences_it_at_once() {
    let house = House::open().await;
    let folder = tempfile::tempdir().expect("a folder");
    // The greeting takes four seconds.
    let voice = voice(folder.path(), 3, &utterance("caller_interrupt").audio);
    let Some(browser) = Browser::open(house.addr(), Look::DESK, Some(&voice)).await else { return house.finish().await };

    browser.go("/phone?raw").await;
    browser.click("button.call-button").await;
    browser.reads(&["nterrupted"]).await;

    assert!(phone(&browser).await["clears"].as_u64() >= Some(1));
    browser.press("Hang up").await;
    browser.close().await;
    house.finish().await;
}
