# Reads a CSV file as R does without options, and prints what it made of it: a line
# per column with its name, its type and its values, separated by the ASCII unit
# separator. Usage: Rscript read_tables.R FILE
table <- read.csv(commandArgs(trailingOnly = TRUE)[1])
for (name in names(table)) {
  column <- table[[name]]
  kind <- if (all(is.na(column))) "empty" else switch(class(column)[1],
    logical = "boolean", integer = "number", numeric = "number", "text")
  values <- if (kind == "number") format(column, digits = 17, trim = TRUE) else as.character(column)
  if (kind == "boolean") values <- tolower(values)
  values[is.na(column)] <- ""
  cat(paste(c(name, kind, values), collapse = "\x1f"), "\n", sep = "")
}
