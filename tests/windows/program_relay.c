/* adb.exe and curl.exe for tests under Wine: passes its name, arguments and standard streams over
   loopback to program_relay.py, which runs this machine's program of that name. A Windows program can
   start no Linux program with pipes under Wine, Android's own adb.exe is of 32 bits, which Wine often
   cannot run, and Wine has no curl.exe, as Windows 10 has.

   To the relay: the number of strings that follow, the path of this program and each argument, then
   standard input. From it: frames of a kind (1 standard output, 2 standard error, 3 exit code), a
   length, and bytes. Numbers have 4 bytes, the least first. The port is in PROGRAM_RELAY_PORT. */
#include <winsock2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static SOCKET relay;

static void fail(const char *what) {
    fprintf(stderr, "program_relay: %s\n", what);
    ExitProcess(125);
}

static void say(const void *bytes, int length) {
    const char *next = bytes;
    while (length > 0) {
        int sent = send(relay, next, length, 0);
        if (sent <= 0) fail("the relay is gone");
        next += sent;
        length -= sent;
    }
}

static void hear(void *bytes, int length) {
    char *next = bytes;
    while (length > 0) {
        int read = recv(relay, next, length, 0);
        if (read <= 0) fail("the relay ended");
        next += read;
        length -= read;
    }
}

static DWORD WINAPI feed(void *unused) {
    char chunk[65536];
    DWORD read;
    while (ReadFile(GetStdHandle(STD_INPUT_HANDLE), chunk, sizeof chunk, &read, NULL) && read > 0)
        say(chunk, (int)read);
    shutdown(relay, SD_SEND);
    return 0;
}

int main(int count, char **arguments) {
    WSADATA data;
    struct sockaddr_in to = {0};
    const char *port = getenv("PROGRAM_RELAY_PORT");
    char path[MAX_PATH] = {0};
    unsigned number = (unsigned)count;
    if (!port || WSAStartup(MAKEWORD(2, 2), &data) != 0) fail("no PROGRAM_RELAY_PORT, or no sockets");
    relay = socket(AF_INET, SOCK_STREAM, 0);
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons((unsigned short)atoi(port));
    if (connect(relay, (struct sockaddr *)&to, sizeof to) != 0) fail("there is no relay");
    GetModuleFileNameA(NULL, path, MAX_PATH - 1);
    say(&number, 4);
    for (int at = 0; at < count; at++) {
        const char *text = at == 0 ? path : arguments[at];
        unsigned length = (unsigned)strlen(text);
        say(&length, 4);
        say(text, (int)length);
    }
    CreateThread(NULL, 0, feed, NULL, 0, NULL);
    for (;;) {
        unsigned char kind;
        unsigned length;
        hear(&kind, 1);
        hear(&length, 4);
        if (kind == 3) ExitProcess(length);
        HANDLE out = GetStdHandle(kind == 1 ? STD_OUTPUT_HANDLE : STD_ERROR_HANDLE);
        while (length > 0) {
            char chunk[65536];
            int part = length < sizeof chunk ? (int)length : (int)sizeof chunk;
            DWORD written;
            hear(chunk, part);
            WriteFile(out, chunk, (DWORD)part, &written, NULL);
            length -= (unsigned)part;
        }
    }
}
