//! Which figures the yardstick corrects, and what runs must share for that: `compare` and the
//! history go by the same rule.

use crate::decide::metric::Metric;
use crate::record::header::Header;

/// Whether the yardstick corrects a figure.
pub(crate) fn corrects(metric: Metric) -> bool {
    metric == Metric::P50
}

/// What runs must share, so that figures in yardsticks can be held against each other: the machine,
/// and the work with what compiled it. `None` of a run without a yardstick.
pub(crate) fn scale(header: &Header) -> Option<String> {
    let work = header.yardstick.as_ref()?;
    Some(format!("{work}; {} ({})", header.measured_on(), header.device))
}

/// Whether two runs are of two machines, as far as they tell.
pub(crate) fn on_other_machines(was: &Header, is: &Header) -> bool {
    was.device != is.device || was.measured_on() != is.measured_on()
}

/// Why two runs cannot be held against each other by the yardstick, as a part of a sentence.
pub(crate) fn no_common_yardstick(
    was: &Header,
    is: &Header,
    metric: Metric,
) -> Option<&'static str> {
    match (&was.yardstick, &is.yardstick) {
        _ if on_other_machines(was, is) => Some("they ran on different machines"),
        _ if !corrects(metric) => Some("the yardstick corrects medians only"),
        (None, Some(_)) => Some("the base has no yardstick"),
        (_, None) => Some("the new run has no yardstick"),
        (Some(_), Some(_)) if scale(was) == scale(is) => None,
        (Some(_), Some(_)) => Some("their yardsticks were compiled differently"),
    }
}
