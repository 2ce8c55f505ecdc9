"""The prompt: reads commands and carries them out.

From a terminal with history and completion, or from a pipe.
"""

import asyncio
import contextlib
import difflib
import inspect
import os
import stat
import sys
import threading

from . import hardware, tokens
from .arguments import Arguments, UsageError
from .charger import ROOT
from .commands import CSMS_COMMANDS, Quit
from .control import ControlError
from .station import CallFailed

_HISTORY = ROOT / "build" / "run" / "history"


class Prompt:
    """Carries out commands.

    Args:
        printer: Printer for what they answer.
        office: Office that the CSMS's commands act on; None: no such commands.
        control: Control of a charger; None: no hardware commands.
    """

    def __init__(self, printer, office=None, control=None):
        self._printer = printer
        self._groups = []
        if office is not None:
            self._groups.append(("CSMS", office, CSMS_COMMANDS))
        if control is not None:
            self._groups.append(("car and charger", control, hardware.HARDWARE_COMMANDS))
        self._table = {c.name: (c, context) for _, context, group in self._groups for c in group}
        self._office = office

    def names(self):
        return [*self._table, "help", "quit", "wait"]

    async def carry_out(self, line):
        """One line as typed. True: it went well.

        Raises:
            Quit: for `quit`.
        """
        name, _, text = line.strip().partition(" ")
        if not name or name.startswith("#"):
            return True
        if name in ("quit", "exit"):
            raise Quit
        if name == "help":
            return self._help(text.strip())
        if name == "wait":
            return await self._wait(text)
        if name not in self._table:
            close = difflib.get_close_matches(name, self.names(), 1)
            hint = f"did you mean {close[0]}? " if close else ""
            self._printer.line(f"unknown command {name!r}; {hint}`help` lists all", "bad")
            return False
        command, context = self._table[name]
        return await self._run(command, context, text.strip())

    async def _run(self, command, context, text):
        try:
            result = command.run(context, text)
            if inspect.isasyncgen(result):
                async with contextlib.aclosing(result):
                    async for line in result:
                        self._printer.line("  " + line)
            else:
                for line in await result or ():
                    self._printer.line("  " + line)
            return True
        except UsageError as error:
            self._printer.line(f"{command.name}: {error}. Usage: {command.usage}", "bad")
        except CallFailed as error:
            self._printer.line(f"{command.name}: the charger answered {error}", "bad")
        except ControlError as error:
            self._printer.line(f"{command.name}: the simulated hardware refused: {error}", "bad")
        except (TimeoutError, ConnectionError) as error:
            self._printer.line(f"{command.name}: {error}", "bad")
        return False

    async def _wait(self, text):
        try:
            await asyncio.sleep(Arguments(text).number("seconds", 1, 0, 3600))
        except UsageError as error:
            self._printer.line(f"wait: {error}. Usage: wait [SECONDS]", "bad")
            return False
        return True

    def _help(self, name):
        if name in self._table:
            command = self._table[name][0]
            self._printer.line(f"  {command.usage:<48} {command.help}")
            return True
        if name:
            self._printer.line(f"help: there is no command {name!r}", "bad")
            return False
        for title, _, group in self._groups:
            self._printer.line(f"{title}:")
            for command in group:
                self._printer.line(f"  {command.usage:<48} {command.help}")
        self._printer.line("other:\n  help [COMMAND]\n  wait [SECONDS]\n  quit")
        if self._office is not None:
            self._printer.line("cards: " + "; ".join(tokens.describe()))
        return True

    async def run(self):
        """Read commands until `quit` or the end of the input. The number of those that failed."""
        read = _terminal(self) if sys.stdin.isatty() and sys.stdout.isatty() else _pipe()
        failed = 0
        with contextlib.suppress(Quit):
            async for line in read:
                failed += not await self.carry_out(line)
        return failed

    def completions(self):
        """For prompt_toolkit: what may follow each command."""
        tree = {name: ({w: None for w in c.words} or None) for name, (c, _) in self._table.items()}
        if "call" in tree and self._office is not None:
            tree["call"] = {action: None for action in self._office.actions}
        if "swipe" in tree:
            tree["swipe"] = {token: None for token in tokens.KNOWN}
        return {**tree, "help": {name: None for name in self._table}, "quit": None}


async def _terminal(prompt):
    import prompt_toolkit
    from prompt_toolkit.completion import NestedCompleter
    from prompt_toolkit.history import FileHistory
    from prompt_toolkit.patch_stdout import patch_stdout
    from prompt_toolkit.shortcuts import CompleteStyle

    _HISTORY.parent.mkdir(parents=True, exist_ok=True)
    session = prompt_toolkit.PromptSession(
        "pilotwire> ",
        completer=NestedCompleter.from_nested_dict(prompt.completions()),
        complete_style=CompleteStyle.READLINE_LIKE,  # as in a shell
        complete_while_typing=False,
        history=FileHistory(str(_HISTORY)),
    )
    with patch_stdout(raw=True):
        while True:
            try:
                yield await session.prompt_async()
            except (EOFError, KeyboardInterrupt):
                return


async def _pipe():
    """Lines of a pipe or file; of the null device none, and no end either: run until stopped."""
    if stat.S_ISCHR(os.fstat(sys.stdin.fileno()).st_mode):
        await asyncio.Event().wait()
    loop = asyncio.get_running_loop()
    lines = asyncio.Queue()

    def read():  # a thread of its own: a blocked read must not hold up the end of the process
        for line in sys.stdin:
            loop.call_soon_threadsafe(lines.put_nowait, line)
        loop.call_soon_threadsafe(lines.put_nowait, None)

    threading.Thread(target=read, daemon=True).start()
    while (line := await lines.get()) is not None:
        yield line
