/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_line.h - the words of a program that has commands, by its tables of commands and options
 *
 * Help and checks follow from the tables. A mistake is told on standard error, with what is
 * allowed or what comes nearest; an option or a word that a command would ignore is a mistake.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define COMMAND_OPTIONS_MAX 32

struct command_option {
	const char *name; /* without its dashes; NULL behind the last */
	char letter;	  /* in lists of options; names that share one share its place */
	bool takes_value;
	size_t at; /* in the program's arguments: a const char * where it takes a value, else a bool */
	bool brief; /* the letter does, too: -f */
};
/* takes_value and at. */
#define COMMAND_TEXT(arguments, field) .takes_value = true, .at = offsetof(arguments, field)
#define COMMAND_FLAG(arguments, field) .takes_value = false, .at = offsetof(arguments, field)

struct command {
	const char *words;   /* separated by one blank */
	int least, most;     /* words behind them */
	const char *options; /* letters, beside those that all take */
	const char *usage, *help;
};

struct command_program {
	const char *name;
	const struct command_option *options; /* without --help, which every program has */
	const char *options_of_all;	      /* letters */
	const struct command *(*command)(size_t i); /* NULL behind the last */
	const char *usage, *end; /* whole lines before and behind the commands in the help */
};

struct command_line {
	size_t command;
	char *const *words; /* behind the command's own, up to a NULL; point into argv */
};

/*
 * Fills the fields of arguments that options name, with pointers into argv. 0; 1 when help was
 * asked for and printed; -EINVAL after having told.
 */
int command_line_parse(const struct command_program *p, int argc, char **argv, void *arguments,
		       struct command_line *ret);
/* Prints all, or the command that the words name (up to a NULL) and its place. -ENOENT after having told. */
int command_line_help(const struct command_program *p, char *const *words, size_t *ret_command);
