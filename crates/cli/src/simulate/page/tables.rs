//! Tables of the page.

use super::svg::escape;
use crate::simulate::contender::Contender;
use crate::simulate::display::{Middle, count};
use crate::simulate::measures::{FleetRow, MEASURES, Measure};
use crate::simulate::{rivals, table};

/// The numbers of all sizes.
pub(super) fn summary(rows: &[FleetRow]) -> String {
    let sizes = table::sizes(rows);
    let head: Vec<String> = sizes.iter().map(|size| count(*size, "instance")).collect();
    let bodies = MEASURES.iter().map(|measures| {
        let lines = measures
            .iter()
            .map(|measure| line(measure.name, cells(measure, &sizes, rows)));
        format!("<tbody>\n{}</tbody>\n", lines.collect::<String>())
    });
    framed(&head, &bodies.collect::<String>())
}

fn cells(measure: &Measure, sizes: &[usize], rows: &[FleetRow]) -> Vec<String> {
    let cell = |size: &usize| {
        let of_size = rows.iter().filter(|row| row.instances == *size);
        let middle = Middle::of(of_size.filter_map(|row| (measure.value)(row)));
        middle.map_or_else(|| "-".to_owned(), Middle::text)
    };
    sizes.iter().map(cell).collect()
}

/// The contenders, a table for each size.
pub(super) fn contenders(rows: &[(Contender, FleetRow)]) -> String {
    let all: Vec<FleetRow> = rows.iter().map(|(_, row)| row.clone()).collect();
    let head = Contender::ALL.map(|contender| contender.name().to_owned());
    let tables = table::sizes(&all).into_iter().map(|size| {
        let lines = rivals::MEASURES.iter().map(|measure| {
            let cells = Contender::ALL.map(|contender| rivals::cell(rows, size, contender, measure));
            line(measure.0, cells.to_vec())
        });
        let body = format!("<tbody>\n{}</tbody>\n", lines.collect::<String>());
        format!(
            "<h3>{} at once</h3>\n{}",
            count(size, "instance"),
            framed(&head, &body)
        )
    });
    format!("{}\n{}", tables.collect::<String>(), legend())
}

fn legend() -> String {
    let entries = Contender::ALL.map(|contender| {
        format!(
            "<dt>{}</dt><dd>{}</dd>\n",
            escape(contender.name()),
            escape(contender.what())
        )
    });
    format!(
        "<dl>\n{}</dl>\n<p>{}</p>\n",
        entries.concat(),
        escape(rivals::KILLED)
    )
}

fn framed(head: &[String], body: &str) -> String {
    let head: String = head
        .iter()
        .map(|name| format!("<th scope=\"col\">{}</th>", escape(name)))
        .collect();
    format!("<div class=\"scroll\"><table>\n<thead><tr><th></th>{head}</tr></thead>\n{body}</table></div>\n")
}

fn line(name: &str, cells: Vec<String>) -> String {
    let cells: String = cells
        .iter()
        .map(|cell| format!("<td>{}</td>", escape(cell)))
        .collect();
    format!("<tr><th scope=\"row\">{}</th>{cells}</tr>\n", escape(name))
}
