/* SPDX-License-Identifier: MIT */
/*
 * `setup completion bash|zsh`: the scripts know nothing but whom to ask. Each press of TAB calls the
 * command itself with `complete` and the words so far (complete.h), so that a new row, account or
 * alias is there without a new script, on the host through setup.sh too.
 *
 * bash splits the line at "@", ":" and "=" as well (COMP_WORDBREAKS) and replaces only the last piece,
 * which begins with the "@" but behind the others: pieces without a blank between them are put
 * together for the question, and all but the last is taken off the answers.
 *
 * SOURCES
 *	bash(1) "Programmable Completion", COMP_WORDBREAKS; zshcompsys(1), zshcompwid(1) compadd.
 */
#include "cli/commands.h"

static const char bash_script[] =
	"# bash completion for setup and setup.sh, made by `setup completion bash`\n"
	"\n"
	"_mailserver_setup() {\n"
	"	local rest=$COMP_LINE words=() piece typed candidate answer i\n"
	"	for ((i = 0; i <= COMP_CWORD; i++)); do\n"
	"		piece=${COMP_WORDS[i]}\n"
	"		if ((i > 0)) && [[ -n $rest && $rest != [[:blank:]]* ]]; then\n"
	"			words[${#words[@]}-1]+=$piece # no blank between them: one word\n"
	"		else\n"
	"			words+=(\"$piece\")\n"
	"			rest=${rest#\"${rest%%[![:blank:]]*}\"}\n"
	"		fi\n"
	"		rest=${rest#\"$piece\"}\n"
	"	done\n"
	"	typed=${words[${#words[@]}-1]}\n"
	"	piece=$typed\n"
	"	[[ $COMP_WORDBREAKS != *:* ]] || piece=${piece##*:}\n"
	"	[[ $COMP_WORDBREAKS != *=* ]] || piece=${piece##*=}\n"
	"	[[ $COMP_WORDBREAKS != *@* || $piece != *@* ]] || piece=@${piece##*@}\n"
	"	COMPREPLY=()\n"
	"	answer=$(\"$1\" complete \"${words[@]:1}\" 2>/dev/null </dev/null)\n"
	"	while IFS=$'\\t' read -r candidate _; do\n"
	"		[[ -z $candidate ]] || COMPREPLY+=(\"${candidate#\"${typed%\"$piece\"}\"}\")\n"
	"	done <<<\"$answer\"\n"
	"	[[ ${COMPREPLY[*]} != */ ]] || compopt -o nospace 2>/dev/null # a directory goes on\n"
	"}\n"
	"\n"
	"complete -F _mailserver_setup setup setup.sh\n";

static const char zsh_script[] =
	"#compdef setup setup.sh\n"
	"# zsh completion for setup and setup.sh, made by `setup completion zsh`\n"
	"\n"
	"_setup() {\n"
	"	emulate -L zsh\n"
	"	local line width=0\n"
	"	local -a answer values shown\n"
	"	answer=(${(f)\"$(\"${(@Q)words[1]}\" complete \"${(@Q)words[2,CURRENT-1]}\" \"${(Q)PREFIX}\" "
	"2>/dev/null </dev/null)\"})\n"
	"	for line in $answer; do\n"
	"		values+=(\"${line%%$'\\t'*}\")\n"
	"		((${#values[-1]} > width)) && width=${#values[-1]}\n"
	"	done\n"
	"	for line in $answer; do\n"
	"		if [[ -n ${line#*$'\\t'} ]]; then\n"
	"			shown+=(\"${(r:width:)${line%%$'\\t'*}}  -- ${line#*$'\\t'}\")\n"
	"		else\n"
	"			shown+=(\"${line%%$'\\t'*}\")\n"
	"		fi\n"
	"	done\n"
	"	compadd -M 'm:{a-z}={A-Z}' -l -d shown -a values\n"
	"}\n"
	"\n"
	"# Found in $fpath this file is the function itself; sourced, it names it.\n"
	"if [[ ${funcstack[1]} = _setup ]]; then\n"
	"	_setup \"$@\"\n"
	"else\n"
	"	((${+functions[compdef]})) || { autoload -Uz compinit && compinit; }\n"
	"	compdef _setup setup setup.sh\n"
	"fi\n";

int completion_print(const struct cmd *cmd)
{
	fputs(strcasecmp(cmd->argv[0], "zsh") == 0 ? zsh_script : bash_script, stdout);
	return fflush(stdout) == 0 ? 0 : 1;
}
