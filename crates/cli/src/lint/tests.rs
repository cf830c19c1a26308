mod documentation;
mod mutations;
mod reports;
mod rules;
mod shapes;
