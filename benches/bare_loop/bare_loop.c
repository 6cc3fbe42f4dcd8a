// The least that runs a TensorFlow Lite model: what shutterbench's medians are
// held against. Prints the nanoseconds of each timed run, one a line.
//
//   bare_loop LIBRARY MODEL DELEGATE THREADS WARMUP RUNS
//
// DELEGATE is 'none' or 'xnnpack'. Build: cc -O2 -o bare_loop bare_loop.c -ldl

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// TfLiteXNNPackDelegateOptions of TensorFlow 2.17.
typedef struct {
  int32_t num_threads;
  uint32_t flags;
  void* weights_cache;
  bool handle_variable_ops;
  const char* weight_cache_file_path;
} XnnpackOptions;

static void* library;

static void* need(const char* name) {
  void* symbol = dlsym(library, name);
  if (symbol == NULL) {
    fprintf(stderr, "bare_loop: the library lacks %s\n", name);
    exit(2);
  }
  return symbol;
}

// Declares NAME as a pointer to the library's function of that name.
#define FUNCTION(result, name, ...) result (*name)(__VA_ARGS__) = (result(*)(__VA_ARGS__))need(#name)

static void check(bool good, const char* what) {
  if (good) return;
  fprintf(stderr, "bare_loop: %s failed\n", what);
  exit(1);
}

static int64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int main(int argc, char** argv) {
  if (argc != 7) {
    fprintf(stderr, "usage: bare_loop LIBRARY MODEL none|xnnpack THREADS WARMUP RUNS\n");
    return 2;
  }
  const int threads = atoi(argv[4]);
  const int warmup = atoi(argv[5]);
  const int runs = atoi(argv[6]);
  library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
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
  FUNCTION(size_t, TfLiteTensorByteSize, const void*);
  FUNCTION(void*, TfLiteTensorData, const void*);
  FUNCTION(int, TfLiteInterpreterInvoke, void*);

  void* model = TfLiteModelCreateFromFile(argv[2]);
  check(model != NULL, "TfLiteModelCreateFromFile");
  void* options = TfLiteInterpreterOptionsCreate();
  TfLiteInterpreterOptionsSetNumThreads(options, threads);
  if (strcmp(argv[3], "xnnpack") == 0) {
    XnnpackOptions xnnpack = TfLiteXNNPackDelegateOptionsDefault();
    xnnpack.num_threads = threads;
    TfLiteInterpreterOptionsAddDelegate(options, TfLiteXNNPackDelegateCreate(&xnnpack));
  }
  void* interpreter = TfLiteInterpreterCreate(model, options);
  check(interpreter != NULL, "TfLiteInterpreterCreate");
  check(TfLiteInterpreterAllocateTensors(interpreter) == 0, "TfLiteInterpreterAllocateTensors");
  void* input = TfLiteInterpreterGetInputTensor(interpreter, 0);
  memset(TfLiteTensorData(input), 0, TfLiteTensorByteSize(input));

  for (int i = 0; i < warmup; i++) check(TfLiteInterpreterInvoke(interpreter) == 0, "invoke");
  int64_t* samples = malloc(sizeof(int64_t) * (size_t)runs);
  for (int i = 0; i < runs; i++) {
    const int64_t start = now_ns();
    check(TfLiteInterpreterInvoke(interpreter) == 0, "TfLiteInterpreterInvoke");
    samples[i] = now_ns() - start;
  }
  for (int i = 0; i < runs; i++) printf("%lld\n", (long long)samples[i]);
  return 0;
}
