#!/bin/sh
# Renders the clips of src/sim/speech: raw mono mu-law at 8 kHz, no header. Needs flite 2.2 and sox 14.4.
# shellcheck disable=SC3044 # caller is a function of ours, no word of bash's
set -eu

cd "$(dirname "$0")/../src/sim/speech"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Silence goes at both ends, but for 20 ms; a pause inside is cut to 120 ms, so that no turn detection ends the turn in it.
# -D: no dither, which is random. -n -3: the same loudness for every voice.
clip() {
    flite -voice "$1" -t "$3" -o "$work/clip.wav"
    sox -D "$work/clip.wav" -t raw -r 8000 -c 1 -e mu-law -b 8 "$2.ulaw" \
        norm -3 \
        silence -l 1 0.01 1.5% -1 0.12 1.5% reverse \
        silence 1 0.01 1.5% reverse \
        pad 0.02 0.02
}

caller() { clip rms "caller_$1" "$2"; }
agent() { clip slt "agent_$1" "$2"; }

caller hours "Hi. What are your opening hours?"
caller interrupt "Wait, sorry, just the weekdays please."
caller move "I need to move my appointment to Friday."
caller goodbye "Great, thank you. Goodbye."

agent greeting "Hello, this is the AI assistant of the Lakeside Clinic. How can I help you?"
agent hours "We are open from Monday to Friday, from eight in the morning until six in the evening, and on Saturdays from nine until noon. On Sundays and public holidays we are closed, but an emergency doctor is always on call."
agent weekdays "Of course. Monday to Friday, from eight until six."
agent moved "Done. Your appointment is now on Friday at half past ten."
agent goodbye "You are welcome. Goodbye!"
agent simulated "I am a simulated assistant: I hear that you speak, but not what you say."
agent interruptible "You can interrupt me at any time. I stop at once, and the record knows what of this you did not hear."
agent real "With an OpenAI key, a real model answers here, over the same line."

ls -l ./*.ulaw
