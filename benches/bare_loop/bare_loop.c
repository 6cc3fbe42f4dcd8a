// The minimum that runs a TensorFlow Lite model: shutterbench's medians are compared
// with it. Prints the nanoseconds of each timed run, one per line.
//
//   bare_loop LIBRARY MODEL DELEGATE THREADS WARMUP RUNS [PERIOD_US]
//   bare_loop serve LIBRARY MODEL DELEGATE THREADS INPUT_FILE
//
// The first runs once, on zeros; with PERIOD_US, runs start on a schedule, and each line also has the
// nanoseconds by which its run started late. The second takes its input from INPUT_FILE, then a
// number of runs from each line of standard input, and ends where that ends.
//
// DELEGATE is 'none' or 'xnnpack'. Build: cc -O2 -o bare_loop bare_loop.c -ldl

#define _GNU_SOURCE
#include <string.h>
#include <sys/prctl.h>

#include "bare_library.h"

static int (*invoke)(void*);
static void* interpreter;

// Loads the model and returns its first input tensor.
static void* load(const char* path, const char* model_path, const char* delegate, int threads) {
  library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  check(library != NULL, "dlopen");
  FUNCTION(void*, TfLiteModelCreateFromFile, const char*);
  FUNCTION(void*, TfLiteInterpreterOptionsCreate, void);
  FUNCTION(void, TfLiteInterpreterOptionsSetNumThreads, void*, int32_t);
  FUNCTION(void, TfLiteInterpreterOptionsAddDelegate, void*, void*);
  FUNCTION(XnnpackOptions, TfLiteXNNPackDelegateOptionsDefault, void);
  FUNCTION(void*, TfLiteXNNPackDelegateCreate, const XnnpackOptions*);
  FUNCTION(void*, TfLiteInterpreterCreate, const void*, const void*);
  FUNCTION(int, TfLiteInterpreterAllocateTensors, void*);
  FUNCTION(void*, TfLiteInterpreterGetInputTensor, const void*, int32_t);
  FUNCTION(int, TfLiteInterpreterInvoke, void*);

  void* model = TfLiteModelCreateFromFile(model_path);
  check(model != NULL, "TfLiteModelCreateFromFile");
  void* options = TfLiteInterpreterOptionsCreate();
  TfLiteInterpreterOptionsSetNumThreads(options, threads);
  if (strcmp(delegate, "xnnpack") == 0) {
    XnnpackOptions xnnpack = TfLiteXNNPackDelegateOptionsDefault();
    xnnpack.num_threads = threads;
    TfLiteInterpreterOptionsAddDelegate(options, TfLiteXNNPackDelegateCreate(&xnnpack));
  }
  interpreter = TfLiteInterpreterCreate(model, options);
  check(interpreter != NULL, "TfLiteInterpreterCreate");
  check(TfLiteInterpreterAllocateTensors(interpreter) == 0, "TfLiteInterpreterAllocateTensors");
  invoke = TfLiteInterpreterInvoke;
  return TfLiteInterpreterGetInputTensor(interpreter, 0);
}

// Sleeps until then.
static void sleep_until(int64_t ns) {
  const struct timespec time = {ns / 1000000000, ns % 1000000000};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) == EINTR) {
  }
}

// The same on a schedule, with how late each run started.
static void run_paced(int runs, int64_t period_ns) {
  const size_t bytes = sizeof(int64_t) * (size_t)runs;
  int64_t *samples = malloc(bytes), *late = malloc(bytes);
  check(samples != NULL && late != NULL, "malloc");
  memset(samples, 1, bytes);
  memset(late, 1, bytes);
  // As shutterbench: else Linux wakes threads up to 50 us late.
  prctl(PR_SET_TIMERSLACK, 1UL);
  int64_t due = now_ns();
  for (int i = 0; i < runs; i++) {
    // Frames that become due meanwhile are dropped.
    do due += period_ns;
    while (due < now_ns());
    sleep_until(due);
    const int64_t start = now_ns();
    check(invoke(interpreter) == 0, "TfLiteInterpreterInvoke");
    samples[i] = now_ns() - start;
    late[i] = start - due;
  }
  for (int i = 0; i < runs; i++) printf("%lld %lld\n", (long long)samples[i], (long long)late[i]);
  free(samples);
  free(late);
}

// Times this many runs and prints how long each took.
static void run(int runs) {
  const size_t bytes = sizeof(int64_t) * (size_t)runs;
  int64_t* samples = malloc(bytes);
  check(samples != NULL, "malloc");
  // Written to, so that the pages are there before the first reading of the clock.
  memset(samples, 1, bytes);
  for (int i = 0; i < runs; i++) {
    const int64_t start = now_ns();
    check(invoke(interpreter) == 0, "TfLiteInterpreterInvoke");
    samples[i] = now_ns() - start;
  }
  for (int i = 0; i < runs; i++) printf("%lld\n", (long long)samples[i]);
  fflush(stdout);
  free(samples);
}

static void fill(void* input, const char* path) {
  FUNCTION(size_t, TfLiteTensorByteSize, const void*);
  FUNCTION(void*, TfLiteTensorData, const void*);
  const size_t size = TfLiteTensorByteSize(input);
  if (path == NULL) {
    memset(TfLiteTensorData(input), 0, size);
    return;
  }
  FILE* file = fopen(path, "rb");
  check(file != NULL, "opening the input file");
  check(fread(TfLiteTensorData(input), 1, size, file) == size && fgetc(file) == EOF,
        "reading an input of the right size");
  fclose(file);
}

int main(int argc, char** argv) {
  if (argc != 7 && argc != 8) {
    fprintf(stderr,
            "usage: bare_loop LIBRARY MODEL none|xnnpack THREADS WARMUP RUNS [PERIOD_US]\n"
            "       bare_loop serve LIBRARY MODEL none|xnnpack THREADS INPUT_FILE\n");
    return 2;
  }
  if (strcmp(argv[1], "serve") == 0) {
    fill(load(argv[2], argv[3], argv[4], atoi(argv[5])), argv[6]);
    int runs;
    while (scanf("%d", &runs) == 1) {
      check(runs > 0, "taking a number of runs from 1");
      run(runs);
    }
    return 0;
  }
  fill(load(argv[1], argv[2], argv[3], atoi(argv[4])), NULL);
  const int warmup = atoi(argv[5]);
  for (int i = 0; i < warmup; i++) check(invoke(interpreter) == 0, "invoke");
  if (argc == 8) {
    const int64_t period_us = atoi(argv[7]);
    check(period_us > 0, "taking a period from 1");
    run_paced(atoi(argv[6]), 1000 * period_us);
  } else {
    run(atoi(argv[6]));
  }
  return 0;
}
