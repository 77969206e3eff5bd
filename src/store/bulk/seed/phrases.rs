//! What invented people say. Words in braces stand for one of a list.

use fastrand::Rng;

use super::chance::pick;

pub(super) struct Persona {
    pub(super) name: &'static str,
    pub(super) voice: &'static str,
    pub(super) instructions: &'static str,
    pub(super) greeting: &'static str,
    tools: &'static [Tool],
}

pub(super) struct Tool {
    pub(super) name: &'static str,
    pub(super) arguments: &'static str,
    pub(super) output: &'static str,
}

pub(super) const PERSONAS: [Persona; 3] = [
    Persona {
        name: "reception",
        voice: "marin",
        instructions: "You answer the phone of a small hotel. Be brief and friendly. Offer rooms, tables and directions. \
            Never promise a price that you have not looked up.",
        greeting: "Hello, this is the virtual receptionist of the Harbour Inn. How can I help you?",
        tools: &[
            Tool { name: "find_room", arguments: r#"{"night":"{day}","guests":{count}}"#, output: r#"{"free":{count},"price":{price}}"# },
            Tool { name: "book_table", arguments: r#"{"at":"{time}","guests":{count}}"#, output: r#"{"booked":true,"table":{count}}"# },
        ],
    },
    Persona {
        name: "support",
        voice: "cedar",
        instructions: "You help customers of a shop for household goods. Ask for the order number, look it up, and explain what \
            happens next. Hand over to a person if the caller asks for one.",
        greeting: "Welcome to Fernhill support, you are speaking with an automated assistant. What can I do for you?",
        tools: &[
            Tool { name: "find_order", arguments: r#"{"order":"{order}"}"#, output: r#"{"state":"on its way","arrives":"{day}"}"# },
            Tool { name: "open_ticket", arguments: r#"{"about":"{thing}"}"#, output: r#"{"ticket":"{order}"}"# },
        ],
    },
    Persona {
        name: "reminders",
        voice: "marin",
        instructions: "You call patients to confirm their appointments. Say at once that you are an assistant. Offer another time if \
            the person cannot come.",
        greeting: "Good day, this is the assistant of the Elm Street clinic, calling about your appointment on {day}.",
        tools: &[
            Tool { name: "move_appointment", arguments: r#"{"to":"{day} {time}"}"#, output: r#"{"moved":true}"# },
            Tool { name: "confirm_appointment", arguments: r#"{"day":"{day}"}"#, output: r#"{"confirmed":true}"# },
        ],
    },
];

const CALLER: [&str; 18] = [
    "Hi, I would like something for {day}, around {time} if that works.",
    "Could you tell me about the {thing}?",
    "Yes.",
    "No, thank you.",
    "My number is {order}, I think.",
    "It is for {count} people, and one of us needs a ramp.",
    "How much would that be?",
    "I was told on {day} that the {thing} would be ready.",
    "Sorry, could you say that again? The line is not good.",
    "That sounds {quality}, let us do that.",
    "Hmm, {time} is a bit late for me. Is there anything before?",
    "I am calling about the {thing}, it arrived and it is {state}.",
    "Okay, and where exactly is that?",
    "Can I speak to a person, please?",
    "One moment, I have to look for a pen.",
    "My name is {name}, with my address at {place}.",
    "Right, and what happens after {day}?",
    "Great, that is {quality}.",
];

const ASSISTANT: [&str; 18] = [
    "Of course. For {day} I can offer you {time}, would that suit you?",
    "Let me look that up for you.",
    "Thank you, {name}. I have noted {day} at {time}.",
    "That comes to {price} dollars, taxes included.",
    "I am sorry to hear that the {thing} is {state}. I will see to it that you get another one by {day}.",
    "You will find us at {place}, right across from the station.",
    "Could you give me the number once more, digit by digit, please?",
    "I see the order {order} here. It should be with you by {day}.",
    "We are open from eight in the morning until {time}, every day but Sunday.",
    "There are {count} places left on {day}. Shall I keep one for you?",
    "I can ask a colleague to call you back on {day}, around {time}. Is this number the best one to reach you?",
    "Certainly. The {thing} is {quality}, and most people take it together with the {thing}.",
    "I did not quite catch that. Did you say {day} or {day}?",
    "It takes about {count} days, and you will get a message when it is done.",
    "You can change or cancel this at any time before {day}, without any cost.",
    "Is there anything else that I can do for you?",
    "Yes, that is possible. I only need your name and how many of you there will be.",
    "I have put it down: {count} people, {day}, {time}, under the name {name}.",
];

const CALLER_GOODBYE: [&str; 4] = ["Thanks, goodbye.", "That was all, bye.", "Perfect, have a good day.", "Okay, thank you, bye bye."];
const ASSISTANT_GOODBYE: [&str; 4] = [
    "Thank you for calling, {name}. Goodbye!",
    "You are welcome. Have a {quality} day!",
    "Then until {day}. Goodbye!",
    "All done. Thank you, and take care!",
];

const NAMES: [&str; 16] = [
    "Ada Moreno",
    "Ben Okafor",
    "Carla Lindqvist",
    "Dev Raman",
    "Elif Yıldız",
    "Frank O'Neill",
    "Grace Huang",
    "Hugo Pérez",
    "Iris Novak",
    "Jonas Weber",
    "Kira Petrova",
    "Liam Achebe",
    "Mina Sato",
    "Noor Haddad",
    "Olga Jönsson",
    "Paul Dubois",
];
const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const TIMES: [&str; 8] =
    ["half past eight", "nine", "a quarter past ten", "noon", "two thirty", "four", "six in the evening", "eight tonight"];
const THINGS: [&str; 10] = [
    "double room",
    "corner table",
    "blue kettle",
    "floor lamp",
    "oven dish",
    "check-up",
    "parking space",
    "garden chair",
    "invoice",
    "late checkout",
];
const QUALITIES: [&str; 5] = ["fine", "wonderful", "very good", "quite all right", "lovely"];
const STATES: [&str; 5] = ["broken", "the wrong colour", "scratched", "not complete", "too small"];
const PLACES: [&str; 5] = ["12 Harbour Road", "Elm Street 5", "the corner of Mill Lane", "48 Station Square", "Fernhill Park, gate 3"];

impl Persona {
    pub(super) fn tool(&self, rng: &mut Rng) -> Option<&'static Tool> {
        rng.choice(self.tools)
    }
}

pub(super) fn name(rng: &mut Rng) -> &'static str {
    pick(rng, &NAMES)
}

pub(super) fn of_caller(rng: &mut Rng, last: bool) -> String {
    let template = if last { pick(rng, &CALLER_GOODBYE) } else { pick(rng, &CALLER) };
    spoken(rng, template)
}

pub(super) fn of_assistant(rng: &mut Rng, last: bool) -> String {
    let template = if last { pick(rng, &ASSISTANT_GOODBYE) } else { pick(rng, &ASSISTANT) };
    spoken(rng, template)
}

/// The template with a word for each pair of braces; other braces stay.
pub(super) fn spoken(rng: &mut Rng, template: &str) -> String {
    let mut text = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once('{') {
        text.push_str(before);
        let found = behind.split_once('}').and_then(|(slot, after)| Some((word(rng, slot)?, after)));
        rest = match found {
            Some((word, after)) => {
                text.push_str(&word);
                after
            }
            None => {
                text.push('{');
                behind
            }
        };
    }
    text.push_str(rest);
    text
}

fn word(rng: &mut Rng, slot: &str) -> Option<String> {
    let list: &[&str] = match slot {
        "name" => &NAMES,
        "day" => &DAYS,
        "time" => &TIMES,
        "thing" => &THINGS,
        "quality" => &QUALITIES,
        "state" => &STATES,
        "place" => &PLACES,
        "count" => return Some(rng.u32(2..9).to_string()),
        "price" => return Some(rng.u32(18..240).to_string()),
        "order" => return Some(rng.u32(100_000..999_999).to_string()),
        _ => return None,
    };
    Some(pick(rng, list).to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::chance::of_call;
    use super::*;

    #[test]
    fn every_pair_of_braces_is_filled() {
        let mut rng = of_call(7, 7);
        let lines = [CALLER.as_slice(), &ASSISTANT, &CALLER_GOODBYE, &ASSISTANT_GOODBYE].concat();

        for line in lines.into_iter().chain(PERSONAS.map(|persona| persona.greeting)) {
            let text = spoken(&mut rng, line);

            assert!(!text.contains(['{', '}']), "{text}");
        }
    }

    #[test]
    fn tools_are_called_with_json() {
        let mut rng = of_call(7, 8);
        for tool in PERSONAS.iter().flat_map(|persona| persona.tools) {
            for json in [tool.arguments, tool.output] {
                let text = spoken(&mut rng, json);

                assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok() && !text.contains("{day"), "{text}");
            }
        }
    }
}
