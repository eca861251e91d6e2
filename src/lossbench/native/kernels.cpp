// What torch's own kernels do slowly on a processor, one pass over memory where they take three.
//
// Tensors are dense and channels last: `rows` (pictures x height x width) of `channels` values. Values are float,
// double or bfloat16; sums are kept in float (double for double), in an order that depends on nothing but the shape.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

namespace {

struct bfloat16 {
    uint16_t bits;
};

template <class T> using wide = std::conditional_t<std::is_same_v<T, double>, double, float>;

// K lanes of a type, as GCC and Clang both have them; the compiler maps them on whatever vectors the processor has.
template <class E, int K> struct Lanes {
    typedef E type __attribute__((vector_size(K * sizeof(E))));
};
template <class E, int K> using lanes = typename Lanes<E, K>::type;
template <class T, int K> using values = lanes<wide<T>, K>;
template <class T, int K> using mask = lanes<std::conditional_t<std::is_same_v<T, double>, int64_t, int32_t>, K>;

template <class To, class From> inline To same_bits(From from) {
    static_assert(sizeof(To) == sizeof(From));
    To to;
    std::memcpy(&to, &from, sizeof to);
    return to;
}

template <int K, class T> inline values<T, K> load(const T *from) {
    if constexpr (std::is_same_v<T, bfloat16>) {
        lanes<uint16_t, K> bits;
        std::memcpy(&bits, from, sizeof bits);
        return same_bits<values<T, K>>(__builtin_convertvector(bits, lanes<uint32_t, K>) << 16);
    } else {
        values<T, K> x;
        std::memcpy(&x, from, sizeof x);
        return x;
    }
}

template <int K, class T> inline void store(values<T, K> x, T *to) {
    if constexpr (std::is_same_v<T, bfloat16>) {  // to the nearest, ties to even; a NaN stays one
        const auto bits = same_bits<lanes<uint32_t, K>>(x);
        const auto rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
        const auto nan = same_bits<lanes<uint32_t, K>>(x != x);
        const auto narrow = __builtin_convertvector((rounded & ~nan) | (nan & 0x7fc0u), lanes<uint16_t, K>);
        std::memcpy(to, &narrow, sizeof narrow);
    } else {
        std::memcpy(to, &x, sizeof x);
    }
}

// x where `keep`, 0 elsewhere.
template <class T, int K> inline values<T, K> where(mask<T, K> keep, values<T, K> x) {
    return same_bits<values<T, K>>(same_bits<mask<T, K>>(x) & keep);
}

// relu(x); a NaN stays one.
template <class T, int K> inline values<T, K> rectified(values<T, K> x) { return where<T, K>(~(x <= 0), x); }

// Calls body.run<K>(channel) for groups of K channels, K a vector's width where the channels allow it.
template <class Body> inline void each_group(long channels, const Body &body) {
    long channel = 0;
    for (; channel + 16 <= channels; channel += 16) body.template run<16>(channel);
    for (; channel + 4 <= channels; channel += 4) body.template run<4>(channel);
    for (; channel + 2 <= channels; channel += 2) body.template run<2>(channel);
    for (; channel < channels; ++channel) body.template run<1>(channel);
}

constexpr long BLOCK = 16384;  // values that stay in the first-level cache while each group of channels is worked on

// The same for blocks of rows, the block's first row and number of rows being set in the body.
template <class Body> void each_block(long rows, long channels, Body body) {
    const long step = BLOCK / channels > 4 ? BLOCK / channels : 4;
    for (body.first = 0; body.first < rows; body.first += step) {
        body.count = rows - body.first < step ? rows - body.first : step;
        each_group(channels, body);
    }
}

// Calls add(row, chain) for every row, four rows to four chains, so that no sum waits for the one before it.
template <class Add> inline void in_chains(long rows, const Add &add) {
    long r = 0;
    for (; r + 4 <= rows; r += 4) add(r, 0), add(r + 1, 1), add(r + 2, 2), add(r + 3, 3);
    for (; r < rows; ++r) add(r, 0);
}

template <int K, class V> inline void add_up(const V (&chains)[4], double *sum) {
    const V total = (chains[0] + chains[1]) + (chains[2] + chains[3]);
    for (int k = 0; k < K; ++k) sum[k] += double(total[k]);
}

// Sums of x - origin and of its square per channel, in four interleaved chains of rows.
template <class T> struct Moments {
    const T *x;
    long channels;
    const wide<T> *origin;
    double *sum, *square;
    long first = 0, count = 0;

    template <int K> void run(long channel) const {
        using V = values<T, K>;
        const T *at = x + first * channels + channel;
        const V o = load<K>(origin + channel);
        V s[4] = {}, q[4] = {};
        const auto add = [&](long r, int chain) {
            const V d = load<K>(at + r * channels) - o;
            s[chain] += d;
            q[chain] += d * d;
        };
        in_chains(count, add);
        add_up<K>(s, sum + channel);
        add_up<K>(q, square + channel);
    }
};

// y = x * scale + shift, and nothing below zero after ReLU.
template <class T, bool RELU> struct Affine {
    const T *x;
    T *y;
    long channels;
    const wide<T> *scale, *shift;
    long first = 0, count = 0;

    template <int K> void run(long channel) const {
        const long start = first * channels + channel;
        const auto a = load<K>(scale + channel), b = load<K>(shift + channel);
        for (long r = 0; r < count; ++r) {
            const long i = start + r * channels;
            const values<T, K> v = load<K>(x + i) * a + b;
            store<K>(RELU ? rectified<T, K>(v) : v, y + i);
        }
    }
};

// Sums of the gradient and of gradient * (x - mean) per channel, the gradient being none where ReLU cut.
template <class T, bool RELU> struct GradientMoments {
    const T *x, *gradient;
    long channels;
    const wide<T> *scale, *shift, *mean;
    double *sum, *product;
    long first = 0, count = 0;

    template <int K> void run(long channel) const {
        using V = values<T, K>;
        const long start = first * channels + channel;
        const V a = load<K>(scale + channel), b = load<K>(shift + channel), m = load<K>(mean + channel);
        V s[4] = {}, p[4] = {};
        const auto add = [&](long r, int chain) {
            const V v = load<K>(x + start + r * channels);
            V g = load<K>(gradient + start + r * channels);
            if (RELU) g = where<T, K>(~(v * a + b <= 0), g);
            s[chain] += g;
            p[chain] += g * (v - m);
        };
        in_chains(count, add);
        add_up<K>(s, sum + channel);
        add_up<K>(p, product + channel);
    }
};

// The gradient of the input: scale * gradient + slope * (x - mean) + offset.
template <class T, bool RELU> struct InputGradient {
    const T *x, *gradient;
    T *out;
    long channels;
    const wide<T> *scale, *shift, *mean, *slope, *offset;
    long first = 0, count = 0;

    template <int K> void run(long channel) const {
        using V = values<T, K>;
        const long start = first * channels + channel;
        const V a = load<K>(scale + channel), b = load<K>(shift + channel), m = load<K>(mean + channel);
        const V l = load<K>(slope + channel), o = load<K>(offset + channel);
        for (long r = 0; r < count; ++r) {
            const long i = start + r * channels;
            const V v = load<K>(x + i);
            V g = load<K>(gradient + i);
            if (RELU) g = where<T, K>(~(v * a + b <= 0), g);
            store<K>((a * g + l * (v - m)) + o, out + i);
        }
    }
};

// Batch norm over the batch, then ReLU if asked for. Gives mean, biased variance, and scale and shift of y.
template <class T, bool RELU>
void batch_norm(const T *x, T *y, long rows, long channels, const wide<T> *weight, const wide<T> *bias, double eps,
                wide<T> *mean, wide<T> *variance, wide<T> *scale, wide<T> *shift) {
    using A = wide<T>;
    std::vector<double> sum(channels, 0.0), square(channels, 0.0);
    std::vector<A> origin(channels);
    for (long c = 0; c < channels; ++c) origin[c] = load<1>(x + c)[0];  // near the values: no cancellation in the squares
    each_block(rows, channels, Moments<T>{x, channels, origin.data(), sum.data(), square.data()});
    for (long c = 0; c < channels; ++c) {
        const double m = sum[c] / double(rows), v = square[c] / double(rows) - m * m;
        const double spread = v < 0 ? 0 : v;  // a NaN stays one
        const double a = double(weight[c]) / std::sqrt(spread + eps), centre = double(origin[c]) + m;
        mean[c] = A(centre), variance[c] = A(spread);
        scale[c] = A(a), shift[c] = A(double(bias[c]) - centre * a);
    }
    each_block(rows, channels, Affine<T, RELU>{x, y, channels, scale, shift});
}

template <class T, bool RELU>
void batch_norm_backward(const T *x, const T *gradient, T *out, long rows, long channels, const wide<T> *mean,
                         const wide<T> *variance, const wide<T> *scale, const wide<T> *shift, double eps,
                         wide<T> *weight_gradient, wide<T> *bias_gradient) {
    using A = wide<T>;
    std::vector<double> sum(channels, 0.0), product(channels, 0.0);
    each_block(rows, channels,
               GradientMoments<T, RELU>{x, gradient, channels, scale, shift, mean, sum.data(), product.data()});
    std::vector<A> slope(channels), offset(channels);
    for (long c = 0; c < channels; ++c) {
        const double inverse = 1.0 / std::sqrt(double(variance[c]) + eps);
        weight_gradient[c] = A(product[c] * inverse), bias_gradient[c] = A(sum[c]);
        slope[c] = A(-double(scale[c]) * product[c] * inverse * inverse / double(rows));
        offset[c] = A(-double(scale[c]) * sum[c] / double(rows));
    }
    each_block(rows, channels,
               InputGradient<T, RELU>{x, gradient, out, channels, scale, shift, mean, slope.data(), offset.data()});
}

// y = relu(a + b).
template <class T> struct AddReLU {
    const T *a, *b;
    T *y;

    template <int K> void run(long i) const {
        store<K>(rectified<T, K>(load<K>(a + i) + load<K>(b + i)), y + i);
    }
};

// The gradient of both of its arguments.
template <class T> struct AddReLUBackward {
    const T *y, *gradient;
    T *out;

    template <int K> void run(long i) const {
        store<K>(where<T, K>(~(load<K>(y + i) <= 0), load<K>(gradient + i)), out + i);
    }
};

// The same, but the last group of several may overlap the one before it: for work that may be done twice.
template <class Body> inline void each_group_overlapping(long channels, const Body &body) {
    if (channels >= 16) {
        for (long channel = 0; channel + 16 < channels; channel += 16) body.template run<16>(channel);
        body.template run<16>(channels - 16);
    } else if (channels >= 4) {
        for (long channel = 0; channel + 4 < channels; channel += 4) body.template run<4>(channel);
        body.template run<4>(channels - 4);
    } else {
        each_group(channels, body);
    }
}

constexpr uint8_t CUT = 255;  // ReLU took this window's maximum: no gradient goes back

// One window of size x size: the maximum and where in the window it was found; the first of equals.
template <class T, bool RELU> struct PoolWindow {
    const T *x;
    T *y;
    uint8_t *found;
    long width, channels;
    int size;

    template <int K> void run(long channel) const {
        using V = values<T, K>;
        V best = load<K>(x + channel);
        mask<T, K> at = {};
        for (int i = 1; i < size * size; ++i) {
            const V v = load<K>(x + ((i / size) * width + i % size) * channels + channel);
            const mask<T, K> take = (v > best) | (v != v);
            best = same_bits<V>((same_bits<mask<T, K>>(v) & take) | (same_bits<mask<T, K>>(best) & ~take));
            at = (at & ~take) | (take & i);
        }
        if (RELU) {
            const mask<T, K> cut = best <= 0;
            best = where<T, K>(~cut, best);
            at |= cut;  // all bits set: CUT
        }
        store<K>(best, y + channel);
        const auto narrow = __builtin_convertvector(at, lanes<uint8_t, K>);
        std::memcpy(found + channel, &narrow, sizeof narrow);
    }
};

template <class T> struct UnpoolWindow {
    const T *gradient;
    const uint8_t *found;
    T *out;
    long width, channels;
    int size;

    template <int K> void run(long channel) const {
        const auto g = load<K>(gradient + channel);
        lanes<uint8_t, K> bytes;
        std::memcpy(&bytes, found + channel, sizeof bytes);
        const auto at = __builtin_convertvector(bytes, mask<T, K>);
        for (int i = 0; i < size * size; ++i)
            store<K>(where<T, K>(at == i, g), out + ((i / size) * width + i % size) * channels + channel);
    }
};

// Calls body(offset of a window's first value, offset of its maximum) for windows side by side.
template <class Body>
inline void each_window(long pictures, long height, long width, long channels, int size, const Body &body) {
    const long rows = height / size, columns = width / size;
    for (long p = 0; p < pictures; ++p)
        for (long i = 0; i < rows; ++i)
            for (long j = 0; j < columns; ++j)
                body(((p * height + i * size) * width + j * size) * channels,
                     ((p * rows + i) * columns + j) * channels);
}

template <class T, bool RELU>
void max_pool(const T *x, T *y, uint8_t *found, long pictures, long height, long width, long channels, int size) {
    each_window(pictures, height, width, channels, size, [&](long from, long to) {
        each_group_overlapping(channels, PoolWindow<T, RELU>{x + from, y + to, found + to, width, channels, size});
    });
}

template <class T>
void max_pool_backward(const T *gradient, const uint8_t *found, T *out, long pictures, long height, long width,
                       long channels, int size) {
    if (height % size || width % size)  // what no window covers
        std::memset(static_cast<void *>(out), 0, sizeof(T) * pictures * height * width * channels);
    each_window(pictures, height, width, channels, size, [&](long to, long from) {
        each_group_overlapping(channels, UnpoolWindow<T>{gradient + from, found + from, out + to, width, channels, size});
    });
}

// Values of one type as values of another.
template <class From, class To> struct Copy {
    const From *from;
    To *to;

    template <int K> void run(long i) const { store<K>(load<K>(from + i), to + i); }
};

// The gradients of a convolution of stride 1 whose windows' maxima alone were kept: a window passes its gradient to one
// place, so that three quarters of the work of a dense convolution (at windows of 2 x 2) falls away. For each place, a
// row of the kernel is `across` x `inputs` values side by side. The weight lies as outputs x down x across x inputs.
template <class T> struct ConvolutionPoolBackward {
    using A = wide<T>;
    static constexpr int K = 16;
    const T *x, *gradient;
    const uint8_t *found;
    const A *weight;
    T *input_gradient;  // none where nobody asks for it
    A *weight_gradient, *bias_gradient;
    long pictures, height, width, inputs, outputs, down, across;
    int size;
    std::vector<A> picture{}, sum{}, kernel{}, total{}, factor{};
    std::vector<long> place{};
    long row = 0, segment = 0, groups = 0;

    void run() {
        const long high = (height - down + 1) / size, wide_ = (width - across + 1) / size, windows = high * wide_;
        row = width * inputs, segment = across * inputs, groups = (segment + K - 1) / K;
        picture.assign(height * row + groups * K, A(0));
        sum.assign(height * row + groups * K, A(0));
        kernel.assign(outputs * groups * down * K, A(0));  // each row filled up to whole vectors
        total.assign(outputs * groups * down * K, A(0));
        factor.resize(windows), place.resize(windows);
        for (long o = 0; o < outputs; ++o)
            for (long d = 0; d < down; ++d)
                for (long v = 0; v < segment; ++v)
                    kernel[((o * groups + v / K) * down + d) * K + v % K] = weight[(o * down + d) * segment + v];
        std::vector<long> inside(size * size);
        for (int i = 0; i < size * size; ++i) inside[i] = (i / size) * row + (i % size) * inputs;
        for (long o = 0; o < outputs; ++o) bias_gradient[o] = 0;
        for (long p = 0; p < pictures; ++p) {
            each_group(height * row, Copy<T, A>{x + p * height * row, picture.data()});
            if (input_gradient) std::fill(sum.begin(), sum.end(), A(0));
            for (long o = 0; o < outputs; ++o) {
                long count = 0;
                A bias = 0;
                for (long i = 0; i < high; ++i)
                    for (long j = 0; j < wide_; ++j) {
                        const long from = ((p * high + i) * wide_ + j) * outputs + o;
                        const A g = load<1>(gradient + from)[0];
                        const uint8_t at = found[from];
                        factor[count] = g;
                        place[count] = i * size * row + j * size * inputs + inside[at == CUT ? 0 : at];
                        bias += at == CUT ? A(0) : g;
                        count += at != CUT;
                    }
                bias_gradient[o] += bias;
                long d = 0;
                for (; d + 5 <= down; d += 5) rows_of_kernel<5>(o, d, count);
                for (; d + 3 <= down; d += 3) rows_of_kernel<3>(o, d, count);
                for (; d < down; ++d) rows_of_kernel<1>(o, d, count);
            }
            if (input_gradient) each_group(height * row, Copy<A, T>{sum.data(), input_gradient + p * height * row});
        }
        for (long o = 0; o < outputs; ++o)
            for (long d = 0; d < down; ++d)
                for (long v = 0; v < segment; ++v)
                    weight_gradient[(o * down + d) * segment + v] = total[((o * groups + v / K) * down + d) * K + v % K];
    }

    // What the places of one output pass on through D rows of its kernel, from row `d` on.
    template <int D> inline void rows_of_kernel(long o, long d, long count) {
        using V = lanes<A, K>;
        for (long g = 0; g < groups; ++g) {
            A *to = total.data() + ((o * groups + g) * down + d) * K;
            V t[D];
            for (int n = 0; n < D; ++n) t[n] = load<K>(to + n * K);
            for (long c = 0; c < count; ++c) {
                const A *from = picture.data() + place[c] + d * row + g * K;
                for (int n = 0; n < D; ++n) t[n] += factor[c] * load<K>(from + n * row);
            }
            for (int n = 0; n < D; ++n) store<K>(t[n], to + n * K);
            if (!input_gradient) continue;
            V w[D];
            for (int n = 0; n < D; ++n) w[n] = load<K>(kernel.data() + ((o * groups + g) * down + d + n) * K);
            for (long c = 0; c < count; ++c) {
                A *at = sum.data() + place[c] + d * row + g * K;
                for (int n = 0; n < D; ++n) store<K>(V(load<K>(at + n * row) + factor[c] * w[n]), at + n * row);
            }
        }
    }
};

// The pictures at `indices`, each value x scale + shift of its place in the picture.
template <class T> struct Normalise {
    const uint8_t *from;
    const float *scale, *shift;
    T *to;

    template <int K> void run(long i) const {
        lanes<uint8_t, K> bytes;
        std::memcpy(&bytes, from + i, sizeof bytes);
        store<K>(values<T, K>(__builtin_convertvector(bytes, lanes<float, K>) * load<K>(scale + i) + load<K>(shift + i)),
                 to + i);
    }
};

template <class T>
void normalise(const uint8_t *pictures, const int64_t *indices, long count, long length, const float *scale,
               const float *shift, T *out) {
    for (long i = 0; i < count; ++i)
        each_group(length, Normalise<T>{pictures + indices[i] * length, scale, shift, out + i * length});
}

}  // namespace

extern "C" {

#define FOR_TYPE(T, NAME)                                                                                              \
    void lb_batch_norm_##NAME(const void *x, void *y, long rows, long channels, const void *weight, const void *bias,  \
                              double eps, int relu, void *mean, void *variance, void *scale, void *shift) {            \
        (relu ? batch_norm<T, true> : batch_norm<T, false>)(                                                           \
            (const T *)x, (T *)y, rows, channels, (const wide<T> *)weight, (const wide<T> *)bias, eps,                 \
            (wide<T> *)mean, (wide<T> *)variance, (wide<T> *)scale, (wide<T> *)shift);                                 \
    }                                                                                                                  \
    void lb_batch_norm_backward_##NAME(const void *x, const void *gradient, void *out, long rows, long channels,       \
                                       const void *mean, const void *variance, const void *scale, const void *shift,   \
                                       double eps, int relu, void *weight_gradient, void *bias_gradient) {             \
        (relu ? batch_norm_backward<T, true> : batch_norm_backward<T, false>)(                                         \
            (const T *)x, (const T *)gradient, (T *)out, rows, channels, (const wide<T> *)mean,                        \
            (const wide<T> *)variance, (const wide<T> *)scale, (const wide<T> *)shift, eps,                            \
            (wide<T> *)weight_gradient, (wide<T> *)bias_gradient);                                                     \
    }                                                                                                                  \
    void lb_affine_##NAME(const void *x, void *y, long rows, long channels, const void *scale, const void *shift,      \
                          int relu) {                                                                                  \
        if (relu)                                                                                                      \
            each_block(rows, channels, Affine<T, true>{(const T *)x, (T *)y, channels, (const wide<T> *)scale,         \
                                                       (const wide<T> *)shift});                                       \
        else                                                                                                           \
            each_block(rows, channels, Affine<T, false>{(const T *)x, (T *)y, channels, (const wide<T> *)scale,        \
                                                        (const wide<T> *)shift});                                      \
    }                                                                                                                  \
    void lb_add_relu_##NAME(const void *a, const void *b, void *y, long n) {                                           \
        each_group(n, AddReLU<T>{(const T *)a, (const T *)b, (T *)y});                                                 \
    }                                                                                                                  \
    void lb_add_relu_backward_##NAME(const void *y, const void *gradient, void *out, long n) {                         \
        each_group(n, AddReLUBackward<T>{(const T *)y, (const T *)gradient, (T *)out});                                \
    }                                                                                                                  \
    void lb_max_pool_##NAME(const void *x, void *y, uint8_t *found, long pictures, long height, long width,            \
                            long channels, int size, int relu) {                                                       \
        (relu ? max_pool<T, true> : max_pool<T, false>)((const T *)x, (T *)y, found, pictures, height, width,          \
                                                        channels, size);                                               \
    }                                                                                                                  \
    void lb_max_pool_backward_##NAME(const void *gradient, const uint8_t *found, void *out, long pictures,             \
                                     long height, long width, long channels, int size) {                               \
        max_pool_backward((const T *)gradient, found, (T *)out, pictures, height, width, channels, size);              \
    }                                                                                                                  \
    void lb_convolution_pool_backward_##NAME(const void *x, const void *gradient, const uint8_t *found,                \
                                             const void *weight, void *input_gradient, void *weight_gradient,          \
                                             void *bias_gradient, long pictures, long height, long width, long inputs, \
                                             long outputs, long down, long across, int size) {                         \
        ConvolutionPoolBackward<T>{(const T *)x, (const T *)gradient, found, (const wide<T> *)weight,                  \
                                   (T *)input_gradient, (wide<T> *)weight_gradient, (wide<T> *)bias_gradient,          \
                                   pictures, height, width, inputs, outputs, down, across, size}                       \
            .run();                                                                                                    \
    }

#define NORMALISE(T, NAME)                                                                                             \
    void lb_normalise_##NAME(const uint8_t *pictures, const int64_t *indices, long count, long length,                 \
                             const float *scale, const float *shift, void *out) {                                      \
        normalise(pictures, indices, count, length, scale, shift, (T *)out);                                           \
    }

NORMALISE(float, float32)
NORMALISE(bfloat16, bfloat16)

FOR_TYPE(float, float32)
FOR_TYPE(double, float64)
FOR_TYPE(bfloat16, bfloat16)
}
