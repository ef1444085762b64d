// SPDX-License-Identifier: MIT
//
// POSIX and C11 threads, and what they share: mutexes, conditions, once, keys with destructors, read-write locks, barriers, semaphores,
// _Thread_local variables with and without a value, atomics; jumps within a thread.
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <threads.h>
#include <time.h>

#include "say.h"

#define THREADS 6
#define ROUNDS 200

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_rwlock_t table_lock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_key_t key;
static sem_t full, empty;
static atomic_long total;
static atomic_int destroyed, initialized;
static long plain, turn, table[8];

static _Thread_local long counter = 1000;
static _Thread_local struct { char name[40]; long value; } mine;
_Thread_local alignas(64) int aligned = 5;

static void initialize(void) {
    initialized++;
}
static void destroy(void *value) {
    destroyed += *(int *)value;
    free(value);
}

static void *work(void *argument) {
    long number = (long)argument;
    int *value = malloc(sizeof(*value));
    pthread_once(&once, initialize);
    *value = (int)number;
    pthread_setspecific(key, value);
    mine.value = number;
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&lock);
        plain += number;
        pthread_mutex_unlock(&lock);
        total += number;
        counter++;
        mine.value += i % 3;
        if (i % 50 == 0) {
            pthread_rwlock_wrlock(&table_lock);
            table[number] += i;
            pthread_rwlock_unlock(&table_lock);
            sched_yield();
        } else if (i % 7 == 0) {
            pthread_rwlock_rdlock(&table_lock);
            aligned += table[0] != 0;
            pthread_rwlock_unlock(&table_lock);
        }
    }
    errno = (int)number;
    pthread_barrier_wait(&barrier);
    bool good = errno == number && *(int *)pthread_getspecific(key) == number && (uintptr_t)&aligned % 64 == 0 && aligned == 5;
    return (void *)(good ? counter * 1000 + mine.value : -1);
}

static void *in_turns(void *argument) {
    long number = (long)argument;
    for (int i = 0; i < 20; i++) {
        pthread_mutex_lock(&lock);
        while (turn % THREADS != number)
            pthread_cond_wait(&changed, &lock);
        turn++;
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

static void *produce(void *argument) {
    for (int i = 1; i <= 50; i++) {
        sem_wait(&empty);
        *(long *)argument = i * i;
        sem_post(&full);
    }
    pthread_exit(argument);
}

static int c11(void *argument) {
    jmp_buf place;
    volatile int times = 0;
    int code = setjmp(place);
    times = times + 1;
    if (code < 4)
        longjmp(place, code + 1);
    return times + *(int *)argument;
}

static void detached(void) {
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    turn = 0;
    for (long i = 0; i < THREADS; i++)
        if (pthread_create(&thread, &attributes, in_turns, (void *)i))
            say("a detached thread cannot be made");
    pthread_mutex_lock(&lock);
    while (turn < THREADS * 20)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
    say("detached threads took %ld turns", turn);
}

static void in_time(void) {
    struct timespec now, deadline;
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_nsec += 20000000;
    if (deadline.tv_nsec >= 1000000000)
        deadline.tv_sec++, deadline.tv_nsec -= 1000000000;
    pthread_mutex_lock(&lock);
    int status;
    while ((status = pthread_cond_timedwait(&changed, &lock, &deadline)) == 0)
        ;
    pthread_mutex_unlock(&lock);
    clock_gettime(CLOCK_REALTIME, &now);
    bool late = now.tv_sec > deadline.tv_sec || (now.tv_sec == deadline.tv_sec && now.tv_nsec >= deadline.tv_nsec);
    say("a wait with a limit: %s, %s", status == ETIMEDOUT ? "time is out" : "woken", late ? "not too early" : "too early");
    struct timespec pause = {0, 5000000};
    say("sleep: %d", nanosleep(&pause, NULL));
}

int main(void) {
    pthread_t threads[THREADS];
    long cell = 0, sum = 0;
    pthread_key_create(&key, destroy);
    pthread_barrier_init(&barrier, NULL, THREADS);
    for (int round = 0; round < 3; round++) {
        for (long i = 0; i < THREADS; i++)
            if (pthread_create(&threads[i], NULL, work, (void *)(i + 1)))
                say("thread %ld cannot be made", i);
        for (int i = 0; i < THREADS; i++) {
            void *result;
            pthread_join(threads[i], &result);
            sum += (long)result;
        }
        say("round %d: sum %ld, plain %ld, total %ld, destroyed %d", round, sum, plain, total, destroyed);
    }
    say("initialized %d times; counter of the first thread is %ld", initialized, counter);
    for (long i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, in_turns, (void *)i);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    say("turns: %ld", turn);
    sem_init(&full, 0, 0);
    sem_init(&empty, 0, 1);
    pthread_create(&threads[0], NULL, produce, &cell);
    sum = 0;
    for (int i = 0; i < 50; i++) {
        sem_wait(&full);
        sum += cell;
        sem_post(&empty);
    }
    void *same;
    pthread_join(threads[0], &same);
    say("consumed %ld, %s", sum, same == &cell ? "ended by pthread_exit" : "no result");
    thrd_t thread;
    int five = 5, code;
    thrd_create(&thread, c11, &five);
    thrd_join(thread, &code);
    say("C11 thread: %d", code);
    detached();
    in_time();
    return 0;
}
