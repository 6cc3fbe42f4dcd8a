/* The public name of TensorFlow Lite's C interface. */
#include "tensorflow/lite/core/c/c_api.h"
