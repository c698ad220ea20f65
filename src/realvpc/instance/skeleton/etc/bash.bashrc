[ -n "$PS1" ] || return
shopt -s checkwinsize
PS1='[\u@\h \W]\$ '
alias ls='ls --color=auto'
