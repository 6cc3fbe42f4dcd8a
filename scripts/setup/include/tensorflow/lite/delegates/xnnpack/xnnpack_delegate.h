/*
 * The part of TensorFlow Lite 2.17's XNNPACK delegate that the crate tflitec
 * uses. The layout is what libtensorflowlite_c.so has: its
 * TfLiteXNNPackDelegateOptionsDefault writes 32 bytes, with flags at byte 4.
 */
#ifndef SHUTTERBENCH_XNNPACK_DELEGATE_H_
#define SHUTTERBENCH_XNNPACK_DELEGATE_H_

#include <stdbool.h>
#include <stdint.h>

#include "tensorflow/lite/core/c/common.h"

#ifdef __cplusplus
extern "C" {
#endif

struct TfLiteXNNPackDelegateWeightsCache;

typedef struct TfLiteXNNPackDelegateOptions {
  int32_t num_threads;
  uint32_t flags;
  struct TfLiteXNNPackDelegateWeightsCache* weights_cache;
  bool handle_variable_ops;
  const char* experimental_weight_cache_file_path;
} TfLiteXNNPackDelegateOptions;

#ifdef __cplusplus
static_assert(sizeof(TfLiteXNNPackDelegateOptions) == 32 || sizeof(void*) != 8, "layout of 2.17");
#else
_Static_assert(sizeof(TfLiteXNNPackDelegateOptions) == 32 || sizeof(void*) != 8, "layout of 2.17");
#endif

TfLiteXNNPackDelegateOptions TfLiteXNNPackDelegateOptionsDefault(void);
TfLiteDelegate* TfLiteXNNPackDelegateCreate(const TfLiteXNNPackDelegateOptions* options);
void TfLiteXNNPackDelegateDelete(TfLiteDelegate* delegate);

#ifdef __cplusplus
}
#endif

#endif  /* SHUTTERBENCH_XNNPACK_DELEGATE_H_ */
