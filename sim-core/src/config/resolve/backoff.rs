//! `CommonClientConfigs`: the rules about back-offs that producers and consumers share (`producer.md 6.2`).

use crate::config::outcome::NoteKind;
use crate::config::values::Values;

/// Applies them.
pub(super) fn adjust(values: &mut Values) {
    keep_reconnect_constant(values);
    warn_static(values, "retry.backoff.ms", "retry.backoff.max.ms", "backoff");
    warn_static(
        values,
        "socket.connection.setup.timeout.ms",
        "socket.connection.setup.timeout.max.ms",
        "connection setup timeout",
    );
}

/// `reconnect.backoff.ms` alone is the maximum too.
fn keep_reconnect_constant(values: &mut Values) {
    let (first, max) = ("reconnect.backoff.ms", "reconnect.backoff.max.ms");
    if !values.is_set(first) || values.is_set(max) {
        return;
    }
    let Some(value) = values.value(first).cloned() else { return };
    let (kind, text) = if values.release.at_least(3, 7) {
        let text =
            format!("Disabling exponential reconnect backoff because {first} is set, but {max} is not.");
        (NoteKind::Warning, text)
    } else {
        (
            NoteKind::Adjusted,
            format!("is {value}: {first} is set and this is not, so the back-off does not grow"),
        )
    };
    values.adjust(max, value);
    values.note_because_of(&[first], kind, max, text);
}

/// From 3.7 on the client says when a maximum below the first value makes it constant.
fn warn_static(values: &mut Values, key: &str, max_key: &str, what: &str) {
    let (Some(first), Some(max)) = (values.number(key), values.number(max_key)) else { return };
    if first > max && values.release.at_least(3, 7) {
        let text = format!(
            "Configuration '{key}' with value '{first}' is greater than configuration '{max_key}' with value '{max}'. \
             A static {what} with value '{max}' will be applied."
        );
        values.note_because_of(&[key, max_key], NoteKind::Warning, key, text);
    }
}
