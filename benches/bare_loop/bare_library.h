// What the bare programs share: a library that is opened at run time, its functions, and a clock.

#pragma once

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void* library;

static void* need(const char* name) {
  void* symbol = dlsym(library, name);
  if (symbol == NULL) {
    fprintf(stderr, "%s: the library lacks %s\n", program_invocation_short_name, name);
    exit(2);
  }
  return symbol;
}

// Declares NAME as a pointer to the library's function of that name.
#define FUNCTION(result, name, ...) result (*name)(__VA_ARGS__) = (result(*)(__VA_ARGS__))need(#name)

static void check(bool good, const char* what) {
  if (good) return;
  fprintf(stderr, "%s: %s failed\n", program_invocation_short_name, what);
  exit(1);
}

static int64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

// TfLiteXNNPackDelegateOptions of TensorFlow 2.17.
typedef struct {
  int32_t num_threads;
  uint32_t flags;
  void* weights_cache;
  bool handle_variable_ops;
  const char* weight_cache_file_path;
} XnnpackOptions;
