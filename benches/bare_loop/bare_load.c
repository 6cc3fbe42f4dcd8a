// The minimum that loads a model: what shutterbench says of loading is compared with it. Prints the
// nanoseconds that it took, from the open library to buffers for a run.
//
//   bare_load BACKEND LIBRARY MODEL [CACHE]
//
// BACKEND is 'tflite', 'litert' (both with XNNPACK), 'onnxruntime' or 'openvino', with 1 thread.
// CACHE is where the runtime keeps what it made of the model: a file for LiteRT and ONNX Runtime, a
// folder for OpenVINO. Build: cc -O2 -o bare_load bare_load.c -ldl

#define _GNU_SOURCE
#include <string.h>
#include <unistd.h>

#include "bare_library.h"

static int64_t tflite(const char* model_path) {
  FUNCTION(void*, TfLiteModelCreateFromFile, const char*);
  FUNCTION(void*, TfLiteInterpreterOptionsCreate, void);
  FUNCTION(void, TfLiteInterpreterOptionsSetNumThreads, void*, int32_t);
  FUNCTION(void, TfLiteInterpreterOptionsAddDelegate, void*, void*);
  FUNCTION(XnnpackOptions, TfLiteXNNPackDelegateOptionsDefault, void);
  FUNCTION(void*, TfLiteXNNPackDelegateCreate, const XnnpackOptions*);
  FUNCTION(void*, TfLiteInterpreterCreate, const void*, const void*);
  FUNCTION(int, TfLiteInterpreterAllocateTensors, void*);

  const int64_t start = now_ns();
  void* model = TfLiteModelCreateFromFile(model_path);
  check(model != NULL, "TfLiteModelCreateFromFile");
  void* options = TfLiteInterpreterOptionsCreate();
  TfLiteInterpreterOptionsSetNumThreads(options, 1);
  XnnpackOptions xnnpack = TfLiteXNNPackDelegateOptionsDefault();
  xnnpack.num_threads = 1;
  TfLiteInterpreterOptionsAddDelegate(options, TfLiteXNNPackDelegateCreate(&xnnpack));
  void* interpreter = TfLiteInterpreterCreate(model, options);
  check(interpreter != NULL, "TfLiteInterpreterCreate");
  check(TfLiteInterpreterAllocateTensors(interpreter) == 0, "TfLiteInterpreterAllocateTensors");
  return now_ns() - start;
}

static int (*take_requirements[2])(void*, size_t, size_t, void**);
static int (*take_tensor[2])(void*, size_t, void**);

// The buffer of the first input (side 0) or output (side 1) of a model.
static void make_buffer(void* environment, void* model, void* compiled, int side) {
  FUNCTION(int, LiteRtGetModelSignature, void*, size_t, void**);
  FUNCTION(int, LiteRtGetRankedTensorType, void*, void*);
  FUNCTION(int, LiteRtCreateManagedTensorBufferFromRequirements, void*, const void*, void*, void**);
  // Longer than LiteRtRankedTensorType.
  uint64_t kind[64];
  void *signature, *tensor, *requirements, *buffer;
  check(LiteRtGetModelSignature(model, 0, &signature) == 0, "LiteRtGetModelSignature");
  check(take_tensor[side](signature, 0, &tensor) == 0, "taking a tensor");
  check(LiteRtGetRankedTensorType(tensor, kind) == 0, "LiteRtGetRankedTensorType");
  check(take_requirements[side](compiled, 0, 0, &requirements) == 0, "taking requirements");
  check(LiteRtCreateManagedTensorBufferFromRequirements(environment, kind, requirements, &buffer) == 0,
        "LiteRtCreateManagedTensorBufferFromRequirements");
}

static int64_t litert(const char* model_path, const char* cache) {
  // LiteRtEnvOption: kLiteRtEnvOptionTagAutoRegisterAccelerators, an integer, the CPU.
  const struct {
    uint32_t tag;
    struct {
      uint32_t kind;
      uint64_t value;
    } any;
  } option = {24, {2, 1}};
  FUNCTION(int, LiteRtCreateEnvironment, int, const void*, void**);
  FUNCTION(int, LiteRtCreateModelFromFile, void*, const char*, void**);
  FUNCTION(int, LiteRtCreateOptions, void**);
  FUNCTION(int, LiteRtSetOptionsHardwareAccelerators, void*, int);
  FUNCTION(int, LiteRtCreateOpaqueOptions, const char*, void*, void (*)(void*), void**);
  FUNCTION(int, LiteRtAddOpaqueOptions, void*, void*);
  FUNCTION(int, LiteRtCreateCompiledModel, void*, void*, void*, void**);
  take_requirements[0] = need("LiteRtGetCompiledModelInputBufferRequirements");
  take_requirements[1] = need("LiteRtGetCompiledModelOutputBufferRequirements");
  take_tensor[0] = need("LiteRtGetSignatureInputTensorByIndex");
  take_tensor[1] = need("LiteRtGetSignatureOutputTensorByIndex");

  const int64_t start = now_ns();
  void *environment, *model, *options, *opaque, *compiled;
  char* lines;
  check(LiteRtCreateEnvironment(1, &option, &environment) == 0, "LiteRtCreateEnvironment");
  check(LiteRtCreateModelFromFile(environment, model_path, &model) == 0, "LiteRtCreateModelFromFile");
  check(LiteRtCreateOptions(&options) == 0, "LiteRtCreateOptions");
  check(LiteRtSetOptionsHardwareAccelerators(options, 1) == 0, "choosing the CPU");
  const char* stated = "num_threads = 1\nkernel_mode = 0\n";
  const int made = cache == NULL
                       ? asprintf(&lines, "%s", stated)
                       : asprintf(&lines, "%sweight_cache_file_path = \"%s\"\n", stated, cache);
  check(made > 0, "asprintf");
  check(LiteRtCreateOpaqueOptions("xnnpack", lines, free, &opaque) == 0, "LiteRtCreateOpaqueOptions");
  check(LiteRtAddOpaqueOptions(options, opaque) == 0, "LiteRtAddOpaqueOptions");
  check(LiteRtCreateCompiledModel(environment, model, options, &compiled) == 0,
        "LiteRtCreateCompiledModel");
  for (int side = 0; side < 2; side++) make_buffer(environment, model, compiled, side);
  return now_ns() - start;
}

static int64_t onnxruntime(const char* model_path, const char* cache) {
  // The first members of OrtApi, whose order is fixed (onnxruntime_c_api.h).
  enum { CREATE_ENV = 3, CREATE_SESSION = 7, CREATE_OPTIONS = 10, KEEP_OPTIMIZED = 11 };
  enum { SET_LEVEL = 23, SET_INTRA_THREADS = 24, SET_INTER_THREADS = 25 };
  typedef void* (*Call)();
  typedef struct {
    const Call* (*get_api)(uint32_t);
    const char* (*version)(void);
  } Base;
  FUNCTION(const Base*, OrtGetApiBase, void);
  const Call* api = OrtGetApiBase()->get_api(17);
  check(api != NULL, "OrtGetApiBase");
  void *environment, *options, *session;
  check(((void* (*)(int, const char*, void**))api[CREATE_ENV])(3, "bare", &environment) == NULL,
        "CreateEnv");

  const int64_t start = now_ns();
  void* (*const set)(void*, int) = (void* (*)(void*, int))api[SET_LEVEL];
  check(((void* (*)(void**))api[CREATE_OPTIONS])(&options) == NULL, "CreateSessionOptions");
  ((void* (*)(void*, int))api[SET_INTRA_THREADS])(options, 1);
  ((void* (*)(void*, int))api[SET_INTER_THREADS])(options, 1);
  // ORT_DISABLE_ALL for what was rewritten already, else ORT_ENABLE_ALL.
  const bool kept = cache != NULL && access(cache, R_OK) == 0;
  set(options, kept ? 0 : 99);
  if (cache != NULL && !kept)
    ((void* (*)(void*, const char*))api[KEEP_OPTIMIZED])(options, cache);
  check(((void* (*)(void*, const char*, void*, void**))api[CREATE_SESSION])(
            environment, kept ? cache : model_path, options, &session) == NULL,
        "CreateSession");
  return now_ns() - start;
}

static int64_t openvino(const char* model_path, const char* cache) {
  typedef struct {
    const char* key;
    const char* value;
  } Property;
  FUNCTION(int, ov_core_create, void**);
  FUNCTION(int, ov_core_get_property, const void*, const char*, const char*, char**);
  FUNCTION(int, ov_core_compile_model_from_file_props, const void*, const char*, const char*, size_t,
           const Property*, void**);
  FUNCTION(int, ov_compiled_model_create_infer_request, const void*, void**);
  void *core, *compiled, *request;
  char* name;
  check(ov_core_create(&core) == 0, "ov_core_create");
  // Which loads the plugin, as shutterbench does when it opens the library.
  check(ov_core_get_property(core, "CPU", "FULL_DEVICE_NAME", &name) == 0, "ov_core_get_property");
  const Property properties[] = {{"INFERENCE_NUM_THREADS", "1"},
                                 {"NUM_STREAMS", "1"},
                                 {"PERFORMANCE_HINT", "LATENCY"},
                                 {"CACHE_DIR", cache}};

  const int64_t start = now_ns();
  check(ov_core_compile_model_from_file_props(core, model_path, "CPU", cache == NULL ? 3 : 4, properties,
                                              &compiled) == 0,
        "ov_core_compile_model_from_file_props");
  check(ov_compiled_model_create_infer_request(compiled, &request) == 0,
        "ov_compiled_model_create_infer_request");
  return now_ns() - start;
}

// Reads a file, so that it is in memory.
static void read_whole(const char* path) {
  static char piece[1 << 16];
  FILE* file = fopen(path, "rb");
  if (file == NULL) return;
  while (fread(piece, 1, sizeof piece, file) > 0) {
  }
  fclose(file);
}

int main(int argc, char** argv) {
  if (argc != 4 && argc != 5) {
    fprintf(stderr, "usage: bare_load tflite|litert|onnxruntime|openvino LIBRARY MODEL [CACHE]\n");
    return 2;
  }
  const char *backend = argv[1], *model = argv[3], *cache = argc == 5 ? argv[4] : NULL;
  library = dlopen(argv[2], RTLD_NOW | RTLD_LOCAL);
  check(library != NULL, "dlopen");
  read_whole(model);
  if (cache != NULL) read_whole(cache);
  int64_t ns = 0;
  if (strcmp(backend, "tflite") == 0) ns = tflite(model);
  else if (strcmp(backend, "litert") == 0) ns = litert(model, cache);
  else if (strcmp(backend, "onnxruntime") == 0) ns = onnxruntime(model, cache);
  else if (strcmp(backend, "openvino") == 0) ns = openvino(model, cache);
  else check(false, "knowing the backend");
  printf("%lld\n", (long long)ns);
  fflush(stdout);
  // What a runtime does at its end is no part of this.
  _exit(0);
}
