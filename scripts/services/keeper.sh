#!/bin/sh
# Usage: keeper.sh <folder> <signal>
# Ends a server and deletes its folder once the process that started it is gone. However that went, even by SIGKILL,
# the pipe on our standard input closes then. Every line of input is the pid to end, or empty while there is none.
pid=
while read -r line; do pid=$line; done

if [ -n "$pid" ]; then
  children=$(cat "/proc/$pid/task/$pid/children" 2>/dev/null)
  kill -CONT $pid $children 2>/dev/null
  kill -"$2" "$pid" 2>/dev/null
  tries=0
  while kill -0 "$pid" 2>/dev/null; do
    if [ "$tries" -eq 50 ]; then kill -KILL $pid $children 2>/dev/null; break; fi
    tries=$((tries + 1))
    sleep 0.1
  done
fi
rm -rf "$1"
