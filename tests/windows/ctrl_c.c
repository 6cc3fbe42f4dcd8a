/* Starts the program that its arguments after the first name, and presses Ctrl-C in their console as
   soon as the file is there that the first one names. Ends with the program's exit code. */
#include <windows.h>
#include <stdio.h>
#include <string.h>

int main(int count, char **arguments) {
    char line[8192] = "";
    STARTUPINFOA startup = {.cb = sizeof startup};
    PROCESS_INFORMATION program;
    DWORD code;
    if (count < 3) return 125;
    for (int at = 2; at < count; at++) {
        if (strlen(line) + strlen(arguments[at]) + 4 > sizeof line) return 125;
        strcat(strcat(strcat(line, at > 2 ? " \"" : "\""), arguments[at]), "\"");
    }
    if (!CreateProcessA(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &program)) {
        fprintf(stderr, "ctrl_c: %s does not start\n", arguments[2]);
        return 125;
    }
    while (GetFileAttributesA(arguments[1]) == INVALID_FILE_ATTRIBUTES)
        if (WaitForSingleObject(program.hProcess, 100) == WAIT_OBJECT_0) break;
    SetConsoleCtrlHandler(NULL, TRUE); /* It ends the program, not this one. */
    if (!GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0)) fprintf(stderr, "ctrl_c: there is no console\n");
    WaitForSingleObject(program.hProcess, INFINITE);
    GetExitCodeProcess(program.hProcess, &code);
    return (int)code;
}
