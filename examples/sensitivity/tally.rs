//! What many comparisons came to.

use shutterbench::record::host::Host;
use shutterbench::stats::paired::Verdict;
use shutterbench::stats::paired::threshold_in_force;
use shutterbench::stats::statistics;

use super::Arguments;
use super::records::Row;

/// One comparison, for the terminal.
pub fn line(arguments: &Arguments, row: &Row) -> String {
    let place = format!("{}/{}", row.trial + 1, arguments.trials);
    let (Some(ratio), Some(verdict), Some(peer)) = (row.ratio, row.verdict, row.peer_ratio) else {
        return format!("{place}: failed");
    };
    let interval = match (row.low, row.high) {
        (Some(low), Some(high)) => format!("{low:.4}..{high:.4}"),
        _ => "no interval".to_owned(),
    };
    format!("{place}: {ratio:.4} ({interval}) {verdict}; mean of 50: {peer:.4}")
}

/// A Markdown table of what all came to, with how and when it was measured.
pub fn summary(arguments: &Arguments, rows: &[Row]) -> String {
    let threshold = threshold_in_force(arguments.threshold, arguments.processes as usize);
    let measured: Vec<&Row> = rows.iter().filter(|row| row.ratio.is_some()).collect();
    let ours: Vec<f64> = measured.iter().filter_map(|row| row.ratio).collect();
    let peers: Vec<f64> = measured.iter().filter_map(|row| row.peer_ratio).collect();
    let by = |verdict: fn(&Row) -> Option<Verdict>| {
        [Verdict::Slower, Verdict::Faster, Verdict::Same, Verdict::Undecided]
            .map(|wanted| measured.iter().filter(|row| verdict(row) == Some(wanted)).count())
    };
    let beyond = (threshold / 100.0).ln_1p();
    let slower = peers.iter().filter(|ratio| ratio.ln() >= beyond).count();
    let faster = peers.iter().filter(|ratio| ratio.ln() <= -beyond).count();
    let by_peers = [slower, faster, peers.len() - slower - faster, 0];
    format!(
        "{}\n\n\
         | method | slower | faster | same | undecided | median ratio | 5% .. 95% of ratios |\n\
         |---|---|---|---|---|---|---|\n{}{}{}",
        setting(arguments, rows, measured.len()),
        table_row(&format!("shutterbench, threshold {threshold}%"), by(|row| row.verdict), &ours),
        table_row("shutterbench, interval alone", by(|row| row.verdict_by_interval), &ours),
        table_row(&format!("mean of 50 runs, differs by {threshold}%"), by_peers, &peers),
    )
}

/// How, where and when.
fn setting(arguments: &Arguments, rows: &[Row], measured: usize) -> String {
    let Arguments { model, backend, delegate, threads, slower, seconds, processes, .. } = arguments;
    let host = Host::read();
    let name = model.file_stem().unwrap_or_default().to_string_lossy();
    let failed = match rows.len() - measured {
        0 => String::new(),
        failed => format!(" ({failed} more failed)"),
    };
    let pinned = match &arguments.affinity {
        Some(cpus) => format!(", pinned to CPU {cpus}"),
        None => String::new(),
    };
    let day = |row: Option<&Row>| {
        let moment = row.map_or("", |row| row.ended_at.as_str());
        moment.split('T').next().unwrap_or_default().to_owned()
    };
    let (first, last) = (day(rows.first()), day(rows.last()));
    let when = if first == last { first } else { format!("{first} to {last}") };
    format!(
        "{name}, {backend}/{delegate}, {threads} thread(s); the second side {slower}% slower; \
         {measured} comparisons{failed}, {seconds} s a side over {processes} process(es){pinned}; \
         {} ({} CPUs), {when}. Meanwhile {} CPUs were busy on average; the load was {} \
         (median, 5% and 95% of the comparisons).",
        host.cpu,
        host.cores,
        spread(rows.iter().filter_map(|row| row.busy_cpus)),
        spread(rows.iter().filter_map(|row| row.load)),
    )
}

fn spread(values: impl Iterator<Item = f64>) -> String {
    let sorted = statistics::sorted(&values.collect::<Vec<_>>());
    let at = |p| statistics::quantile(&sorted, p).map_or("?".to_owned(), |it| format!("{it:.2}"));
    format!("{} ({} to {})", at(0.5), at(0.05), at(0.95))
}

fn table_row(what: &str, by: [usize; 4], ratios: &[f64]) -> String {
    let sorted = statistics::sorted(ratios);
    let at = |p| statistics::quantile(&sorted, p).unwrap_or(f64::NAN);
    let [slower, faster, same, undecided] = by;
    format!(
        "| {what} | {slower} | {faster} | {same} | {undecided} | {:.4} | {:.4} .. {:.4} |\n",
        at(0.5),
        at(0.05),
        at(0.95)
    )
}
