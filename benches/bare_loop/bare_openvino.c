// The minimum that runs a model on OpenVINO: shutterbench's medians are compared with it. Prints
// the nanoseconds of each timed run, one per line.
//
//   bare_openvino serve LIBRARY MODEL none THREADS INPUT_FILE
//
// Takes its input from INPUT_FILE, then a number of runs from each line of standard input, and
// ends where that ends, as bare_loop does. Build: cc -O2 -o bare_openvino bare_openvino.c -ldl

#define _GNU_SOURCE
#include <string.h>

#include "bare_library.h"

// ov_property_t of OpenVINO 2026.4.
typedef struct {
  const char* key;
  const void* value;
} Property;

static int (*infer)(void*);
static void* request;

static void load(const char* path, const char* model_path, const char* threads) {
  library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  check(library != NULL, "dlopen");
  FUNCTION(int, ov_core_create, void**);
  FUNCTION(int, ov_core_read_model, const void*, const char*, const char*, void**);
  FUNCTION(int, ov_core_compile_model_props, const void*, const void*, const char*, size_t,
           const Property*, void**);
  FUNCTION(int, ov_compiled_model_create_infer_request, const void*, void**);
  FUNCTION(int, ov_infer_request_infer, void*);

  void *core, *model, *compiled;
  const Property properties[] = {{"INFERENCE_NUM_THREADS", threads}};
  check(ov_core_create(&core) == 0, "ov_core_create");
  check(ov_core_read_model(core, model_path, NULL, &model) == 0, "ov_core_read_model");
  check(ov_core_compile_model_props(core, model, "CPU", 1, properties, &compiled) == 0,
        "ov_core_compile_model_props");
  check(ov_compiled_model_create_infer_request(compiled, &request) == 0,
        "ov_compiled_model_create_infer_request");
  infer = ov_infer_request_infer;
}

static void fill(const char* path) {
  FUNCTION(int, ov_infer_request_get_input_tensor_by_index, const void*, size_t, void**);
  FUNCTION(int, ov_tensor_get_byte_size, const void*, size_t*);
  FUNCTION(int, ov_tensor_data, const void*, void**);
  void *tensor, *data;
  size_t size;
  check(ov_infer_request_get_input_tensor_by_index(request, 0, &tensor) == 0, "taking the input");
  check(ov_tensor_get_byte_size(tensor, &size) == 0, "ov_tensor_get_byte_size");
  check(ov_tensor_data(tensor, &data) == 0, "ov_tensor_data");
  FILE* file = fopen(path, "rb");
  check(file != NULL, "opening the input file");
  check(fread(data, 1, size, file) == size && fgetc(file) == EOF,
        "reading an input of the right size");
  fclose(file);
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
    check(infer(request) == 0, "ov_infer_request_infer");
    samples[i] = now_ns() - start;
  }
  for (int i = 0; i < runs; i++) printf("%lld\n", (long long)samples[i]);
  fflush(stdout);
  free(samples);
}

int main(int argc, char** argv) {
  if (argc != 7 || strcmp(argv[1], "serve") != 0 || strcmp(argv[4], "none") != 0) {
    fprintf(stderr, "usage: bare_openvino serve LIBRARY MODEL none THREADS INPUT_FILE\n");
    return 2;
  }
  load(argv[2], argv[3], argv[5]);
  fill(argv[6]);
  int runs;
  while (scanf("%d", &runs) == 1) {
    check(runs > 0, "taking a number of runs from 1");
    run(runs);
  }
  return 0;
}
