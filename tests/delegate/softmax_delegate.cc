// A real, small TensorFlow Lite delegate: it takes every SOFTMAX node on
// float32 tensors and executes it. The tests build it and load it as
// 'external:PATH[?take=0]'. It is C, except for TensorFlow Lite's headers, which
// older C compilers reject.
//
//   take=0    take no node
//   explain=1 print why it takes no other node, as TensorFlow Lite's GPU delegates do
//   wrong=K   compute something else than a softmax in the file's K-th softmax, from 1
//   inside=K  the same, but only if what it makes stays inside the part that the delegate has
//   first_delegate_node_index=N, last_delegate_node_index=M
//             take only nodes from the N-th to the M-th of the file, from 0
//   whole=1   ignore these two, as most delegates do
//   abort=1   abort in the constructor
//   refuse=1  return no delegate
//   fault=F   do F, one of segv abort exit hang alloc flood close stop garbage nap talk kill,
//   at=N      in the N-th run; 0 (the default): in the constructor
//   slow=MS   take this many milliseconds more per run, without using the CPU
//   nap=MS    how long 'nap' sleeps
//   clock=F   a chip that gets slower as its clock does: take 40 ms more per run while the file F has
//             2000000 kHz, and in proportion longer at less, without using the CPU

#include <signal.h>
#include <unistd.h>

#include <climits>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tensorflow/lite/builtin_ops.h"
#include "tensorflow/lite/core/c/common.h"

namespace {

// As in builtin_op_data.h, which our headers do not include.
struct TfLiteSoftmaxParams {
  float beta;
};

struct Settings {
  bool take = true;
  bool explain = false;
  int wrong = 0;
  int inside = 0;
  bool whole = false;
  int first = 0;
  int last = INT_MAX;
  // The softmaxes of the file by the index of their node, from 1.
  std::map<int, int> places;
  std::string fault;
  int at = 0;
  int slow_ms = 0;
  int nap_ms = 0;
  int runs = 0;
  std::string clock;
};

// What drivers have been seen to do.
void Do(const Settings& settings) {
  const std::string& fault = settings.fault;
  // A real one: a raised signal returns from the handler of a Rust program.
  if (fault == "segv") *static_cast<volatile int*>(nullptr) = 1;
  if (fault == "abort") std::abort();
  if (fault == "exit") _exit(3);
  if (fault == "stop") raise(SIGSTOP);
  while (fault == "hang") pause();
  if (fault == "nap") usleep(settings.nap_ms * 1000);
  // Hangs, but prints.
  while (fault == "talk") std::fprintf(stderr, "driver: still here\n"), usleep(100 * 1000);
  if (fault == "kill") raise(SIGKILL);
  if (fault == "alloc") {
    // Touched, so that it is really allocated if nothing limits it.
    std::vector<char> memory(size_t{10} << 30, 1);
    std::fprintf(stderr, "%d\n", memory[12345]);
  }
  if (fault == "flood") {
    for (int i = 0; i < 400000; i++) std::fprintf(stderr, "driver: spurious interrupt %d\n", i);
  }
  if (fault == "garbage") std::printf("driver: hello\n"), std::fflush(stdout);
  if (fault == "close") {
    for (int fd = 0; fd < 64; fd++) close(fd);
  }
}

// What a run takes at 2 GHz, in us times kHz.
constexpr double kWork = 40e3 * 2e6;

void WaitForClock(const std::string& clock) {
  long khz = 0;
  if (std::FILE* file = std::fopen(clock.c_str(), "r")) {
    if (std::fscanf(file, "%ld", &khz) != 1) khz = 0;
    std::fclose(file);
  }
  if (khz <= 0) std::fprintf(stderr, "no clock in %s\n", clock.c_str()), std::abort();
  usleep(static_cast<useconds_t>(kWork / khz));
}

// One softmax of a partition.
struct Softmax {
  // Which softmax of the file, from 1.
  int place;
  int input;
  int output;
  float beta;
};

// The nodes of a partition, in their order.
struct Kernel {
  Settings* settings;
  std::vector<Softmax> nodes;
  // What stays inside a partition, which the runtime allocates nothing for.
  std::map<int, std::vector<float>> inside;
};

float* Data(TfLiteContext* context, Kernel* kernel, int index) {
  const TfLiteTensor& tensor = context->tensors[index];
  if (tensor.data.f != nullptr) return tensor.data.f;
  std::vector<float>& own = kernel->inside[index];
  own.resize(tensor.bytes / sizeof(float));
  return own.data();
}

bool IsOurs(const TfLiteContext* context, const TfLiteNode* node,
            const TfLiteRegistration* registration) {
  return registration->builtin_code == kTfLiteBuiltinSoftmax && node->inputs->size == 1 &&
         context->tensors[node->inputs->data[0]].type == kTfLiteFloat32 &&
         context->tensors[node->outputs->data[0]].type == kTfLiteFloat32;
}

void* KernelInit(TfLiteContext* context, const char* buffer, size_t) {
  const auto* params = reinterpret_cast<const TfLiteDelegateParams*>(buffer);
  auto* kernel = new Kernel{static_cast<Settings*>(params->delegate->data_), {}, {}};
  for (int i = 0; i < params->nodes_to_replace->size; i++) {
    TfLiteNode* node = nullptr;
    TfLiteRegistration* registration = nullptr;
    context->GetNodeAndRegistration(context, params->nodes_to_replace->data[i], &node,
                                    &registration);
    const auto* softmax = static_cast<const TfLiteSoftmaxParams*>(node->builtin_data);
    const int place = kernel->settings->places[params->nodes_to_replace->data[i]];
    kernel->nodes.push_back({place, node->inputs->data[0], node->outputs->data[0], softmax->beta});
  }
  return kernel;
}

void KernelFree(TfLiteContext*, void* buffer) { delete static_cast<Kernel*>(buffer); }

TfLiteStatus KernelPrepare(TfLiteContext*, TfLiteNode*) { return kTfLiteOk; }

void Compute(const float* in, float* out, int len, float beta) {
  float largest = in[0];
  for (int i = 1; i < len; i++) largest = std::fmax(largest, in[i]);
  float sum = 0;
  for (int i = 0; i < len; i++) sum += out[i] = std::exp((in[i] - largest) * beta);
  for (int i = 0; i < len; i++) out[i] /= sum;
}

TfLiteStatus KernelInvoke(TfLiteContext* context, TfLiteNode* node) {
  auto* kernel = static_cast<Kernel*>(node->user_data);
  if (++kernel->settings->runs == kernel->settings->at) Do(*kernel->settings);
  if (kernel->settings->slow_ms > 0) usleep(kernel->settings->slow_ms * 1000);
  if (!kernel->settings->clock.empty()) WaitForClock(kernel->settings->clock);
  for (const Softmax& op : kernel->nodes) {
    const bool is_inside = context->tensors[op.output].data.f == nullptr;
    const TfLiteTensor& from = context->tensors[op.input];
    const float* in = Data(context, kernel, op.input);
    float* out = Data(context, kernel, op.output);
    const int len = from.dims->data[from.dims->size - 1];
    const int rows = static_cast<int>(from.bytes / sizeof(float)) / len;
    for (int row = 0; row < rows; row++) {
      Compute(in + row * len, out + row * len, len, op.beta);
      if (kernel->settings->wrong == op.place) out[row * len] += 1;
      if (kernel->settings->inside == op.place && is_inside) out[row * len] += 100;
    }
  }
  return kTfLiteOk;
}

const char* NameOf(int builtin_code) {
  switch (builtin_code) {
    case kTfLiteBuiltinAveragePool2d: return "AVERAGE_POOL_2D";
    case kTfLiteBuiltinConv2d: return "CONV_2D";
    case kTfLiteBuiltinDepthwiseConv2d: return "DEPTHWISE_CONV_2D";
    default: return nullptr;
  }
}

void Explain(const std::set<int>& refused) {
  std::fprintf(stderr, "ERROR: Following operations are not supported by the softmax delegate:\n");
  for (int code : refused) {
    if (NameOf(code) != nullptr) std::fprintf(stderr, "%s: it is no softmax\n", NameOf(code));
  }
  std::fprintf(stderr, "The other operations will run on the CPU.\n");
}

TfLiteStatus DelegatePrepare(TfLiteContext* context, TfLiteDelegate* delegate) {
  auto* settings = static_cast<Settings*>(delegate->data_);
  if (!settings->take) return kTfLiteOk;
  TfLiteIntArray* plan = nullptr;
  if (context->GetExecutionPlan(context, &plan) != kTfLiteOk) return kTfLiteError;
  // A TfLiteIntArray is its size with the elements after it.
  std::vector<int> taken = {0};
  std::set<int> refused;
  for (int i = 0; i < plan->size; i++) {
    TfLiteNode* node = nullptr;
    TfLiteRegistration* registration = nullptr;
    if (context->GetNodeAndRegistration(context, plan->data[i], &node, &registration) !=
        kTfLiteOk) {
      return kTfLiteError;
    }
    if (IsOurs(context, node, registration)) {
      settings->places.emplace(plan->data[i], settings->places.size() + 1);
      if (i >= settings->first && i <= settings->last) taken.push_back(plan->data[i]);
    } else {
      refused.insert(registration->builtin_code);
    }
  }
  if (settings->explain) Explain(refused);
  taken[0] = static_cast<int>(taken.size()) - 1;
  TfLiteRegistration kernel = {};
  kernel.init = KernelInit;
  kernel.free = KernelFree;
  kernel.prepare = KernelPrepare;
  kernel.invoke = KernelInvoke;
  kernel.custom_name = "SoftmaxDelegate";
  return context->ReplaceNodeSubsetsWithDelegateKernels(
      context, kernel, reinterpret_cast<const TfLiteIntArray*>(taken.data()), delegate);
}

}  // namespace

extern "C" __attribute__((visibility("default"))) TfLiteDelegate* tflite_plugin_create_delegate(
    const char* const* keys, const char* const* values, size_t count, void (*)(const char*)) {
  auto* settings = new Settings;
  for (size_t i = 0; i < count; i++) {
    const bool on = std::strcmp(values[i], "0") != 0;
    if (std::strcmp(keys[i], "take") == 0) settings->take = on;
    if (std::strcmp(keys[i], "explain") == 0) settings->explain = on;
    if (std::strcmp(keys[i], "wrong") == 0) settings->wrong = std::atoi(values[i]);
    if (std::strcmp(keys[i], "inside") == 0) settings->inside = std::atoi(values[i]);
    if (std::strcmp(keys[i], "whole") == 0) settings->whole = on;
    if (std::strcmp(keys[i], "first_delegate_node_index") == 0) settings->first = std::atoi(values[i]);
    if (std::strcmp(keys[i], "last_delegate_node_index") == 0) settings->last = std::atoi(values[i]);
    if (std::strcmp(keys[i], "fault") == 0) settings->fault = values[i];
    if (std::strcmp(keys[i], "at") == 0) settings->at = std::atoi(values[i]);
    if (std::strcmp(keys[i], "slow") == 0) settings->slow_ms = std::atoi(values[i]);
    if (std::strcmp(keys[i], "nap") == 0) settings->nap_ms = std::atoi(values[i]);
    if (std::strcmp(keys[i], "clock") == 0) settings->clock = values[i];
    if (std::strcmp(keys[i], "abort") == 0 && on) std::abort();
    if (std::strcmp(keys[i], "refuse") == 0 && on) {
      delete settings;
      return nullptr;
    }
  }
  if (settings->whole) settings->first = 0, settings->last = INT_MAX;
  if (settings->at == 0) Do(*settings);
  auto* delegate = new TfLiteDelegate{};
  delegate->data_ = settings;
  delegate->Prepare = DelegatePrepare;
  return delegate;
}

extern "C" __attribute__((visibility("default"))) void tflite_plugin_destroy_delegate(
    TfLiteDelegate* delegate) {
  delete static_cast<Settings*>(delegate->data_);
  delete delegate;
}
